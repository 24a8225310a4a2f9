"""Starting the mesh: all servers at once, schemas and programme while RabbitMQ boots, then the rooms."""

import time
from collections import Counter

import click
from supervisor.states import RUNNING_STATES

from operations import preparation
from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.processes.health import is_ready
from operations.processes.start_steps import fill_databases, launch_servers, start_rooms, step, wait_for
from operations.processes.stop import shut_down
from operations.supervision.supervisor import Supervisor


def start(mesh: Mesh, servers_only: bool = False, alone: bool = False) -> None:
    """Start everything that does not run yet (`alone`: only if nothing does). If that fails, stop it again.

    Raises OperatorError with the reason.
    """
    with mesh.lock():
        supervisor = Supervisor(mesh.run_folder)
        if not supervisor.is_running():
            start_or_shut_down(mesh, supervisor, servers_only)
            return
        if alone:
            raise OperatorError(f"Marquee is already running in the background at {mesh.url}. To stop it: ./stop.sh")
        check_fingerprint(mesh)
        if not servers_only and is_complete(mesh, supervisor):
            click.echo(f"Marquee is running: {mesh.url}")
            return
        start_missing(mesh, supervisor, servers_only)


def start_or_shut_down(mesh: Mesh, supervisor: Supervisor, servers_only: bool) -> None:
    """Start a mesh that does not run; if that fails, leave nothing of it running."""
    try:
        start_missing(mesh, supervisor, servers_only)
    except BaseException:
        shut_down(mesh)
        raise


def check_fingerprint(mesh: Mesh) -> None:
    """Refuse to mix processes with different settings."""
    if (mesh.run_folder / "fingerprint").read_text() != mesh.fingerprint:
        raise OperatorError("Marquee is running with different settings. Stop it first: ./stop.sh")


def is_complete(mesh: Mesh, supervisor: Supervisor) -> bool:
    """Whether every instance that the settings ask for runs, and GET /ready succeeds."""
    wanted = Counter({program.name: program.instances for program in mesh.programs})
    alive = Counter(process["group"] for process in supervisor.processes() if process["state"] in RUNNING_STATES)
    return Counter({name: alive[name] for name in wanted}) == wanted and is_ready(mesh)


def start_missing(mesh: Mesh, supervisor: Supervisor, servers_only: bool) -> None:
    """Start what does not run yet, step by step, and wait for each step."""
    began = time.monotonic()
    owned = launch_servers(mesh, supervisor, servers_only)
    wait_for(mesh.redis, owned, mesh)
    wait_for(mesh.mariadb, owned, mesh)
    if not servers_only:
        fill_databases(mesh)
    wait_for(mesh.rabbitmq, owned, mesh)
    if servers_only:
        supervisor.start(mesh.watchdog.name)
    else:
        start_rooms(mesh, supervisor)
        click.echo(f"Marquee is ready after {time.monotonic() - began:.1f} s: {mesh.url}")
        with step("demo sales"):
            preparation.sell_demo_seats(mesh)
