"""Running the mesh in the foreground: start, follow the logs, and stop everything at the end."""

import signal
from types import FrameType

import click

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.processes.log_follow import LogFollower
from operations.processes.start import start
from operations.processes.stop import SIGNALS, mesh_processes, stop
from operations.supervision.supervisor import Supervisor


def run(mesh: Mesh) -> None:
    """Start the mesh; return when it was stopped, by a signal to this process or by ./stop.sh.

    Raises OperatorError when it does not start, or has died.
    """
    for number in SIGNALS:
        signal.signal(number, interrupt)
    start(mesh, alone=True)
    servers = {server.name for server in mesh.servers}
    logs = LogFollower(mesh.log_folder, wanted=lambda program: program not in servers)
    try:
        logs.follow(lambda: is_looked_after(mesh))
        has_died = bool(Supervisor(mesh.run_folder).wanted())    # a stop has taken that back
    except KeyboardInterrupt:
        click.echo("Stopping ...")
        has_died = False
    finally:
        stop(mesh)
    if has_died:
        raise OperatorError("supervisord and its watchdog were killed.")


def is_looked_after(mesh: Mesh) -> bool:
    """Whether supervisord runs, or the watchdog, which starts it again."""
    return Supervisor(mesh.run_folder).is_running() or any(
        program == mesh.watchdog.name for _, program in mesh_processes(mesh.run_folder))


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
