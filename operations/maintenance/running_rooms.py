"""Which rooms run: on this machine, as its process manager knows, or on any other, as RabbitMQ does."""

from collections.abc import Collection
from contextlib import closing

from amqp.exceptions import NotFound
from kombu.connection import Connection
from nameko.rpc import RPC_QUEUE_TEMPLATE

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.servers.base import ServerState
from operations.supervision.supervisor import Supervisor
from services.foundation.amqp import publishing


def forbid_running(mesh: Mesh, rooms: Collection[str], act: str) -> None:
    """Raise OperatorError when one of these rooms runs anywhere; `act` names what it must not see."""
    if running := sorted(_here(mesh, rooms) | _anywhere(mesh, rooms)):
        raise OperatorError(f"These rooms run: {', '.join(running)}. Stop them before {act}: ./stop.sh, and then "
                            "python -m operations start --servers-only")


def _here(mesh: Mesh, rooms: Collection[str]) -> set[str]:
    supervisor = Supervisor(mesh.run_folder)
    if not supervisor.is_running():
        return set()
    return {process["group"] for process in supervisor.processes(*rooms) if process["pid"]}


def _anywhere(mesh: Mesh, rooms: Collection[str]) -> set[str]:
    """The rooms that listen for calls; none when RabbitMQ does not answer, for then no room can work."""
    if mesh.rabbitmq.state() is not ServerState.READY:
        return set()
    with publishing.bounded_connection(mesh.settings["AMQP_URI"]) as connection:
        return {room for room in rooms if _listens(connection, room)}


def _listens(connection: Connection, room: str) -> bool:
    channel = connection.channel()
    try:
        with closing(channel):
            return bool(channel.queue_declare(RPC_QUEUE_TEMPLATE.format(room), passive=True).consumer_count)
    except NotFound:
        return False
