"""`restart`: replaces the processes of rooms one after the other, while the others serve: no request is lost.

A room may have one process only, so a spare one serves beside it meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click
from supervisor.states import RUNNING_STATES

from operations.atomic_files import write_private
from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.processes.health import last_lines
from operations.processes.presence import Found, PresenceListener, listening
from operations.processes.start_steps import declare_events, step, wait_for_template
from operations.supervision.programs import Program
from operations.supervision.supervisor import Supervisor
from operations.termination import exit_on_signals
from services.foundation.metrics.endpoint import forget

START_SECONDS = 90
SPARE = "-spare"


def restart(mesh: Mesh, supervisor: Supervisor, names: tuple[str, ...]) -> None:
    """Restart these rooms, or everything except the servers. Raises OperatorError when a process does not start."""
    rooms = chosen(mesh, names)
    with exit_on_signals(), mesh.lock(), listening(mesh) as listener:
        supervisor.prepare_template()
        if mesh.rabbitmq.name in supervisor.programs():
            declare_events(mesh, supervisor)    # those of a newer version
        wait_for_template(supervisor)
        for room in rooms:
            with step(room.name, "" if room.instances == 1 else f"{room.instances} processes"):
                restart_room(mesh, supervisor, listener, room)
        if not names:
            supervisor.restart(*(program.name for program in mesh.programs if program not in mesh.rooms))
            write_private(mesh.run_folder / "fingerprint", mesh.fingerprint)
    click.echo(f"Restarted: {', '.join(room.name for room in rooms)}")


def chosen(mesh: Mesh, names: tuple[str, ...]) -> list[Program]:
    """The programs of these rooms, or of all; the gateway, which calls the others, comes last."""
    rooms = {room.name: room for room in mesh.rooms}
    if unknown := set(names) - rooms.keys():
        raise OperatorError(f"There is no room {', '.join(sorted(unknown))}. The rooms: {', '.join(sorted(rooms))}.")
    return sorted((room for room in rooms.values() if not names or room.name in names),
                  key=lambda room: room.name == "gateway")


def restart_room(mesh: Mesh, supervisor: Supervisor, listener: PresenceListener, room: Program) -> None:
    """Replace the processes of a room. Each finishes the calls that it has before it ends."""
    start_missing(mesh, supervisor, listener, room)
    with spare_process(mesh, supervisor, listener, room):
        for process in supervisor.processes(room.name):
            supervisor.replace(process)
            wait_for_process(mesh, supervisor, listener, room.name, process["name"])


def start_missing(mesh: Mesh, supervisor: Supervisor, listener: PresenceListener, room: Program) -> None:
    """Start the processes that a restart which was killed has stopped: only its spare one may serve the room."""
    stopped = [process for process in supervisor.processes(room.name) if process["state"] not in RUNNING_STATES]
    supervisor.start(room.name)
    for process in stopped:
        wait_for_process(mesh, supervisor, listener, room.name, process["name"])


@contextmanager
def spare_process(mesh: Mesh, supervisor: Supervisor, listener: PresenceListener, room: Program) -> Iterator[None]:
    """One process more of the room, during the block."""
    spare = replace(room, name=room.name + SPARE, instances=1)
    try:
        with supervisor.added(spare):
            wait_for_process(mesh, supervisor, listener, spare.name, spare.name)
            yield
    finally:
        forget(mesh.metrics_folder, spare.name)   # if it had to be killed, it would be missed for ever


def wait_for_process(mesh: Mesh, supervisor: Supervisor, listener: PresenceListener, group: str, name: str) -> None:
    """Wait until the process serves. Raises OperatorError with the end of its log."""
    def serves(found: Found) -> bool:
        return any(process["pid"] in found for process in supervisor.processes(group) if process["name"] == name)

    if not listener.wait(serves, START_SECONDS):
        raise OperatorError(f"{name} does not serve after {START_SECONDS} s. {last_lines(mesh, name)}")
