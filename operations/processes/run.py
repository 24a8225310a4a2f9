"""Running the mesh in the foreground: start, follow the logs, and stop everything at the end."""

import signal
from types import FrameType

import click

from operations.mesh import Mesh
from operations.processes.log_follow import LogFollower
from operations.processes.start import start
from operations.processes.stop import SIGNALS, stop
from operations.supervision.supervisor import Supervisor


def run(mesh: Mesh) -> None:
    """Start the mesh; return when it was stopped, by a signal to this process or by ./stop.sh."""
    for number in SIGNALS:
        signal.signal(number, interrupt)
    start(mesh, alone=True)
    servers = {server.name for server in mesh.servers}
    logs = LogFollower(mesh.log_folder, wanted=lambda program: program not in servers)
    try:
        logs.follow(Supervisor(mesh.run_folder).is_running)
    except KeyboardInterrupt:
        click.echo("Stopping ...")
    finally:
        stop(mesh)


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
