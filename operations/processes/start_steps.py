"""The steps of starting a mesh; each prints how long it took, and fails with the reason."""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from operations import preparation
from operations.atomic_files import write_private
from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.processes.health import last_lines, wait_until_ready
from operations.processes.rights import give_accounts, renew
from operations.processes.stop import end_leftovers
from operations.servers.base import Server, ServerState
from operations.supervision.supervisor import Supervisor

SERVER_SECONDS = 45
TEMPLATE_SECONDS = 30


def launch_servers(mesh: Mesh, supervisor: Supervisor, servers_only: bool) -> list[Server]:
    """Start the servers that do not run elsewhere, without waiting until they answer; returns them."""
    if not supervisor.is_running():
        end_leftovers(mesh)
    owned = owned_servers(mesh, supervisor)
    give_accounts(mesh, supervisor, [server.name for server in owned])
    if not servers_only:
        check_addresses(mesh, supervisor)
    write_private(mesh.run_folder / "fingerprint", mesh.fingerprint)
    supervisor.run_with([server.prepare() for server in owned] + mesh.programs)
    if not servers_only:
        supervisor.prepare_template()    # it imports while the servers boot
    supervisor.want(mesh.watchdog.name, *(server.name for server in owned))
    supervisor.start(*(server.name for server in owned))
    return owned


def owned_servers(mesh: Mesh, supervisor: Supervisor) -> list[Server]:
    """The servers that run, or will run, as programs of this mesh; the others must answer already."""
    ours = supervisor.programs()
    return [server for server in mesh.servers if server.name in ours or server.must_be_started()]


def check_addresses(mesh: Mesh, supervisor: Supervisor) -> None:
    """Refuse addresses that other programs serve: with SO_REUSEPORT the gateway would share its own silently."""
    check_address(mesh.web_address, supervisor, "gateway", "WEB_SERVER_ADDRESS in config.yml, MARQUEE_PORT")
    if mesh.metrics_address:
        check_address(mesh.metrics_address, supervisor, "metrics", "metrics.port in config.yml, MARQUEE_METRICS_PORT")


def check_address(address: tuple[str, int], supervisor: Supervisor, program: str, setting: str) -> None:
    """Refuse the address of a program that does not run yet, if another serves it."""
    if supervisor.is_running() and any(process["pid"] for process in supervisor.processes(program)):
        return
    host, port = address
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is taken by another program" if error.errno == errno.EADDRINUSE else f"can't be used: {error}"
            raise OperatorError(f"{host}:{port} {reason} ({setting}).") from None


def fill_databases(mesh: Mesh) -> None:
    """Do what needs MariaDB only, or no server, while RabbitMQ still boots."""
    with step("schemas"):
        preparation.migrate(mesh)
    with step("programme"):
        preparation.load_demo(mesh)
    with step("rooms' code"):
        preparation.import_rooms(mesh)


def start_rooms(mesh: Mesh, supervisor: Supervisor) -> None:
    """Declare the queues of events, then start all rooms, wait until the mesh is ready, and start what watches it.

    That comes last, as the rooms need the processors; until then, the command that starts the mesh watches it.
    """
    supervisor.prepare_template()
    declare_events(mesh, supervisor)
    with step("rooms", ", ".join(room.name for room in mesh.rooms)):
        supervisor.want(*(program.name for program in mesh.programs))
        wait_for_template(supervisor)
        supervisor.start(*(program.name for program in mesh.rooms))
        wait_until_ready(mesh, supervisor)
    supervisor.start(*(program.name for program in mesh.programs))


def wait_for_template(supervisor: Supervisor) -> None:
    """Wait while it imports: a room that did so by itself would take as long."""
    deadline = time.monotonic() + TEMPLATE_SECONDS
    while supervisor.prepare_template() == "importing" and time.monotonic() < deadline:
        time.sleep(0.1)


def declare_events(mesh: Mesh, supervisor: Supervisor) -> None:
    """Let messages go where the rooms' code sends them."""
    with step("events"):
        renew(mesh, supervisor)
        preparation.declare_events(mesh)


def wait_for(server: Server, owned: list[Server], mesh: Mesh) -> None:
    """Wait until a server answers. Raises OperatorError with the end of its log after SERVER_SECONDS."""
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
