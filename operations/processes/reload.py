"""`reload`: the processes of this machine take over what may change while they run."""

import signal
import time
from pathlib import Path

import click
from supervisor.states import ProcessStates

from operations.atomic_files import write_private
from operations.mesh import CONFIG, Mesh
from operations.operator_error import OperatorError
from operations.processes.config_check import check_config
from operations.processes.presence import Found, listening
from operations.supervision.supervisor import Supervisor
from services.foundation.marked_yaml import InvalidFile

ANSWER_SECONDS = 20
AUDITOR = "auditor"


def reload(mesh: Mesh, supervisor: Supervisor) -> None:
    """Check config.yml, have every process read it, and print what is in force and what needs a restart.

    Raises OperatorError with the mistakes by line, and then nothing has changed; or with the processes that did not
    take over the file.
    """
    refuse_mistakes(mesh.root)
    began, rooms = time.time(), {room.name for room in mesh.rooms}

    def is_done(found: Found) -> bool:
        return not missing(supervisor, rooms, began, found)

    with mesh.lock(), listening(mesh) as listener:   # the spare process of a restart would not be told
        supervisor.signal(signal.SIGHUP, *rooms)
        supervisor.restart(AUDITOR)
        done = listener.wait(is_done, ANSWER_SECONDS)
    report(mesh, listener.found)
    if not done:
        raise OperatorError("\n".join(missing(supervisor, rooms, began, listener.found)))


def refuse_mistakes(root: Path) -> None:
    """Raise OperatorError with the mistakes of config.yml by line, if there are any."""
    try:
        check_config(root / CONFIG, root)
    except InvalidFile as mistakes:
        raise OperatorError(f"{mistakes}\nNothing was changed.") from None


def missing(supervisor: Supervisor, rooms: set[str], began: float, found: Found) -> list[str]:
    """A sentence for each process that has not taken over the file since; one that is stopped reads it at its start."""
    sentences = []
    for process in supervisor.processes(*rooms):
        if process["state"] == ProcessStates.STOPPED:
            continue
        answer = found.get(process["pid"])
        if answer is None or answer["config"]["read_at"] < began:
            sentences.append(f"{process['name']} has not read config.yml again.")
        elif answer["config"]["problem"]:
            sentences.append(f"{process['name']} has not taken over config.yml. {answer['config']['problem']}")
    return sentences


def report(mesh: Mesh, found: Found) -> None:
    """Print each setting that has changed."""
    answers = [presence["config"] for presence in found.values()]
    taken = {path for answer in answers for path in answer["taken"]}
    changed = {path for answer in answers for path in answer["changed"]}
    later = sorted(path for path in changed - taken if not path.startswith("audit."))
    at_start = [path for path in later if path.startswith("instances.")]   # which no process has to take over
    for path in sorted(changed.difference(later)):
        click.echo(f"{path} is in force.")
    for path in later:
        click.echo(f"{path} needs {'./start.sh' if path in at_start else 'a restart'}.")
    if not changed:
        click.echo("config.yml has not changed.")
    if later == at_start:
        write_private(mesh.run_folder / "fingerprint", mesh.fingerprint)
