"""Starting the mesh: all servers at once, schemas and programme while RabbitMQ boots, then the rooms."""

import errno
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import click
from supervisor.states import RUNNING_STATES

from operations.demo import programme
from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.processes.health import is_ready, last_lines, wait_until_ready
from operations.processes.stop import end_leftovers, shut_down
from operations.servers.base import Server, ServerState
from operations.supervision.supervisor import Supervisor

SERVER_SECONDS = 45


def start(mesh: Mesh, servers_only: bool = False, alone: bool = False) -> None:
    """Start everything that does not run yet (`alone`: only if nothing does). If that fails, stop it again.

    Raises OperatorError with the reason.
    """
    with mesh.lock():
        supervisor = Supervisor(mesh.run_folder)
        if (was_running := supervisor.is_running()) and alone:
            raise OperatorError(f"Marquee is already running in the background at {mesh.url}. To stop it: ./stop.sh")
        if was_running:
            check_fingerprint(mesh)
        if was_running and not servers_only and is_complete(mesh, supervisor):
            click.echo(f"Marquee is running: {mesh.url}")
            return
        try:
            start_up(mesh, supervisor, servers_only)
        except BaseException:
            if not was_running:
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


def start_up(mesh: Mesh, supervisor: Supervisor, servers_only: bool) -> None:
    began = time.monotonic()
    if not supervisor.is_running():
        end_leftovers(mesh)
    owned = owned_servers(mesh, supervisor)
    if not servers_only:
        check_web_address(mesh, supervisor)
    (mesh.run_folder / "fingerprint").write_text(mesh.fingerprint)
    supervisor.run_with([server.prepare() for server in owned] + mesh.programs)
    supervisor.start(*(server.name for server in owned))
    wait_for(mesh.redis, owned, mesh)
    wait_for(mesh.mariadb, owned, mesh)
    if not servers_only:
        fill_databases(mesh)
    wait_for(mesh.rabbitmq, owned, mesh)
    if not servers_only:
        with step("events"):
            programme.declare_events(mesh)
        start_rooms(mesh, supervisor)
        click.echo(f"Marquee is ready after {time.monotonic() - began:.1f} s: {mesh.url}")
        with step("demo sales"):
            programme.sell_demo_seats(mesh)


def fill_databases(mesh: Mesh) -> None:
    """Do what needs MariaDB only, while RabbitMQ still boots."""
    with step("schemas"):
        programme.migrate(mesh)
    with step("programme"):
        programme.load_demo(mesh)


def start_rooms(mesh: Mesh, supervisor: Supervisor) -> None:
    with step("rooms", ", ".join(room.name for room in mesh.rooms)):
        supervisor.start(*(program.name for program in mesh.programs))
        wait_until_ready(mesh, supervisor)


def owned_servers(mesh: Mesh, supervisor: Supervisor) -> list[Server]:
    """The servers that run, or will run, as programs of this mesh; the others must answer already."""
    ours = supervisor.programs()
    return [server for server in mesh.servers if server.name in ours or server.must_be_started()]


def check_web_address(mesh: Mesh, supervisor: Supervisor) -> None:
    """Refuse an address that another program serves: with SO_REUSEPORT the gateway would share it silently."""
    if supervisor.is_running() and any(process["pid"] for process in supervisor.processes("gateway")):
        return
    host, port = mesh.web_address
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is taken by another program" if error.errno == errno.EADDRINUSE else f"can't be used: {error}"
            raise OperatorError(f"{host}:{port} {reason} (WEB_SERVER_ADDRESS in config.yml, MARQUEE_PORT).") from None


def wait_for(server: Server, owned: list[Server], mesh: Mesh) -> None:
    deadline = time.monotonic() + SERVER_SECONDS
    with step(server.name, server.where + ("" if server in owned else ", not started here")):
        while server.state() is not ServerState.READY:
            if time.monotonic() > deadline:
                raise OperatorError(f"{server.title} does not answer at {server.where} after {SERVER_SECONDS} s. "
                              + last_lines(mesh, server.name))
            time.sleep(0.05)


@contextmanager
def step(name: str, detail: str = "") -> Iterator[None]:
    """Print that a step is done, and how long it took."""
    began = time.monotonic()
    yield
    click.echo(f"  {name:<12}{time.monotonic() - began:5.1f} s  {detail}".rstrip())
