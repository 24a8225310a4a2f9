"""A consumer that notices when its connection to the broker has fallen silent, and reconnects."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
from amqp.exceptions import NotFound
from nameko.amqp import consume

from services.foundation.amqp import publishing
from services.foundation.amqp.cluster import is_cluster

log = logging.getLogger("marquee.amqp")
CHECK_SECONDS = 1.0
# Stock kombu waits 2, 4, 6, ... up to 30 seconds between two tries to connect.
RECONNECT = {"interval_start": 0.2, "interval_step": 0.2, "interval_max": 1.0}


class Consumer(consume.Consumer):
    """Nameko's consumer without two traps of stock Nameko and kombu.

    After missed heartbeats stock Nameko closes the connection politely and waits for the answer without a limit. And
    stock kombu sends its own heartbeats only when no message has come for a while: a process kept busy by messages that
    need no acknowledgement sends nothing at all, and the broker disconnects it.
    """

    _checked_at = 0.0
    _outage_logged = False

    @property
    def connection(self) -> Any:
        """An unopened connection with heartbeats and a limit on every wait."""
        return publishing.bounded_connection(
            self.amqp_uri, ssl=self.ssl, login_method=self.login_method, heartbeat=self.heartbeat)

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        """Connect for the duration of the block, as soon as the broker can be reached.

        A broken connection is dropped without a closing handshake.
        """
        with self.create_connection() as connection:
            connection.ensure_connection(self.on_connection_error, **RECONNECT)
            self._connection = connection
            self._outage_logged = False
            try:
                yield connection
            except publishing.BrokerDown:
                connection.collect()
                publishing.drop_idle_connections()  # which have no heartbeats of their own
                raise
            except NotFound as gone:
                if not is_cluster():
                    raise
                # The queue's node has just gone: the others forget the queue, and then it can be declared there.
                connection.collect()
                eventlet.sleep(RECONNECT["interval_start"])
                raise ConnectionResetError(str(gone)) from gone

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        """Log the first of the tries that fail; the others follow within a second each."""
        if not self._outage_logged:
            self._outage_logged = True
            # Stock Nameko logs the address, of a cluster with the passwords of all nodes but the first.
            log.warning("RabbitMQ can't be reached", extra={"problem": f"{type(exc).__name__}: {exc}"})

    def on_iteration(self) -> None:
        """Check the heartbeats about once in CHECK_SECONDS, also while messages keep coming."""
        if time.monotonic() - self._checked_at >= CHECK_SECONDS:
            self._checked_at = time.monotonic()
            self._connection.heartbeat_check()
