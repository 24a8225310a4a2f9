"""Whether a machine is as empty as a restore needs it: what is there already would contradict the backup."""

from collections.abc import Iterable, Mapping
from contextlib import closing

from amqp.exceptions import NotFound
from kombu.connection import Connection
from sqlalchemy import text

from operations.event_commands import subscriptions
from operations.maintenance.running_rooms import forbid_running
from operations.mesh import Mesh, find_rooms
from operations.operator_error import OperatorError
from operations.servers.base import ServerState
from services.foundation import migrate
from services.foundation.amqp import publishing
from services.foundation.events.settings import event_settings
from services.foundation.events.topology import retry_queue
from services.foundation.redis_client import connect

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"


def forbid_data(mesh: Mesh) -> None:
    """Raise OperatorError unless all servers answer, no room runs, and nothing is there, or half of a restore."""
    for server in mesh.servers:
        if server.state() is not ServerState.READY:
            raise OperatorError(f"{server.title} does not answer at {server.where}; here, this starts it: "
                                "python -m operations start --servers-only")
    forbid_running(mesh, find_rooms(mesh.root), "a restore")
    for name, uri in mesh.settings["REDIS_URIS"].items():
        with connect(uri) as client:
            if client.dbsize():
                raise OperatorError(f"Redis at {mesh.redis.where} has data already ({name}): its seat boards would "
                                    "not be those of the backup.")
    for queue, messages in waiting_messages(mesh).items():
        if messages:
            raise OperatorError(f"RabbitMQ at {mesh.rabbitmq.where} has {messages} events already, in {queue}.")
    tables = {room: tables_of(room) for room in migrate.rooms_with_tables()}
    full = [room for room, found in tables.items() if found]
    if full and not any(migrate.UNFINISHED_RESTORE in found for found in tables.values()):
        raise OperatorError(f"There are tables already ({', '.join(full)}): a restore needs a machine without data.")


def tables_of(room: str) -> set[str]:
    """The tables of the room's schema, which is created when it is missing."""
    with migrate.schema(migrate.uri_of(room)), migrate.engine_of(room).connect() as connection:
        return set(connection.execute(text(TABLES)).scalars())


def waiting_messages(mesh: Mesh) -> Mapping[str, int]:
    """The number of events in each queue that there is: those of consumers, of dead letters, and for another try."""
    names = [name for each in subscriptions(mesh) for name in (each.queue_name, each.dead_queue_name)]
    return messages_in(mesh, [*names, *(retry_queue(pause)[1].name for pause in event_settings().pauses)])


def dead_letters(mesh: Mesh) -> int:
    """The number of events that their consumers gave up."""
    return sum(messages_in(mesh, [each.dead_queue_name for each in subscriptions(mesh)]).values())


def messages_in(mesh: Mesh, queues: Iterable[str]) -> Mapping[str, int]:
    """The number of events in each of these queues; 0 for one that there is not."""
    with publishing.bounded_connection(mesh.settings["AMQP_URI"]) as connection:
        return {name: _messages(connection, name) for name in dict.fromkeys(queues)}


def _messages(connection: Connection, queue: str) -> int:
    channel = connection.channel()
    try:
        with closing(channel):
            return int(channel.queue_declare(queue, passive=True).message_count)
    except NotFound:
        return 0
