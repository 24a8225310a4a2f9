"""What the processes of a mesh publish about themselves, as a command hears it."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kombu import Connection, Consumer, Message, Queue
from nameko.events import get_event_exchange

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.servers.base import ServerState
from services.foundation.amqp import publishing
from services.foundation.amqp.json_serializer import decode

Found = dict[int, dict[str, Any]]    # the last presence message of each process of this machine, by its pid


class PresenceListener:
    """Hears the processes of this machine, from the moment it is opened."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.found: Found = {}

    def wait(self, is_enough: Callable[[Found], bool], seconds: float) -> bool:
        """Listen until that is enough; False if it still is not after so many seconds."""
        deadline = time.monotonic() + seconds
        while not is_enough(self.found):
            if time.monotonic() > deadline:
                return False
            with suppress(TimeoutError):
                self._connection.drain_events(timeout=0.25)
            self._connection.heartbeat_check()   # also while messages keep coming: nothing else is sent
        return True

    def record(self, message: Message) -> None:
        """Take in a message."""
        presence = decode(message.body)
        if presence.get("host") != socket.gethostname():  # of another machine, or of a version that does not say
            return
        if presence["leaving"]:
            self.found.pop(presence["pid"], None)
        else:
            self.found[presence["pid"]] = presence


@contextmanager
def listening(mesh: Mesh) -> Iterator[PresenceListener]:
    """A listener, for the duration of the block. Raises OperatorError when RabbitMQ does not answer."""
    if mesh.rabbitmq.state() is not ServerState.READY:
        raise OperatorError(f"RabbitMQ does not answer at {mesh.rabbitmq.where}, so no process can be heard.")
    with publishing.bounded_connection(mesh.settings["AMQP_URI"], heartbeat=20) as connection:
        listener = PresenceListener(connection)
        queue = Queue("", exchange=get_event_exchange("presence"), routing_key="heard", exclusive=True,
                      auto_delete=True)
        with Consumer(connection, [queue], on_message=listener.record, no_ack=True):
            yield listener
