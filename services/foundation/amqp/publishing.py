"""Publishing to RabbitMQ over a pool of connections per process, always with a deadline.

Stock Nameko builds a connection description for every message and declares the reply queue again with every call;
together that is half the cost of an RPC.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from amqp.exceptions import ConnectionError as ConnectionGone
from amqp.exceptions import MessageNacked, NotFound
from kombu import Connection, Message, Producer, pools
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.serialization import dumps
from kombu.transport.pyamqp import Transport
from nameko import config

T = TypeVar("T")
TRANSIENT, PERSISTENT = 1, 2
UNKNOWN_TYPE = "application/octet-stream"
ANSWER_SECONDS, SOCKET_TIMEOUT = 5, 10
# At most one quick retry: it cures a connection that the broker closed while it lay in the pool.
RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}

BrokerDown = (OperationalError, ConnectionGone, ConnectionError, OSError, TimeoutError, MessageNacked, LimitExceeded)


class Unroutable(Exception):
    """No queue takes this message: its exchange is missing, or no binding matches the routing key."""


class BoundedTransport(Transport):
    """AMQP whose every wait for the broker ends after SOCKET_TIMEOUT; stock kombu waits without a limit."""

    def establish_connection(self) -> Any:
        """Connect, and limit how long any later answer is waited for."""
        connection = super().establish_connection()
        connection.sock.settimeout(SOCKET_TIMEOUT)
        return connection


class BoundedConnection(Connection):
    """A connection by BoundedTransport, also to the next node of a cluster: stock kombu goes there by its own."""

    def switch(self, conn_str: str) -> None:
        """Turn to the node at this address."""
        super().switch(conn_str)
        self.transport_cls = BoundedTransport


def bounded_connection(uri: str, **options: Any) -> Connection:
    """An unopened connection to the broker at `uri` on which no wait is endless; `options` are kombu's.

    Of a cluster `uri` names all nodes, separated by semicolons: the first that can be reached is used.
    """
    return BoundedConnection(uri, connect_timeout=ANSWER_SECONDS, transport=BoundedTransport, **options)


@cache
def _pool(uri: str, confirm: bool) -> Any:
    pools.set_limit(50)
    options = {"confirm_publish": confirm, "max_retries": 1, "interval_start": 0, "interval_step": 0.2}
    return pools.producers[bounded_connection(uri, transport_options=options)]


@contextmanager
def producer(confirm: bool = True) -> Iterator[Producer]:
    """Borrow a kombu producer from the pool. With `confirm`, publishing waits until the broker has the message.

    An exception inside the block drops the connection. Raises one of BrokerDown when there is none within
    ANSWER_SECONDS.
    """
    with _pool(config["AMQP_URI"], confirm).acquire(block=True, timeout=ANSWER_SECONDS) as pooled:
        try:
            yield pooled
        except BaseException:
            # It may have stopped in the middle of an answer, which the next borrower would read.
            pooled.connection.collect()
            drop_idle_connections()
            raise


def drop_idle_connections() -> None:
    """Close the connections waiting in the pools.

    Called when another connection has failed: they have no heartbeats, so nothing else would find them broken.
    """
    for connections in list(pools.connections.values()):
        for idle in list(connections._resource.queue):
            connections.collect_resource(idle)


def connections_in_use() -> int:
    """How many pooled connections are borrowed."""
    return sum(len(connections._dirty) for connections in pools.connections.values())


def connections_idle() -> int:
    """How many open pooled connections wait to be borrowed."""
    # kombu fills a pool with connections that it makes only when they are borrowed.
    return sum(isinstance(idle, Connection) and idle.connected
               for connections in pools.connections.values() for idle in list(connections._resource.queue))


def run_on_channel(operation: Callable[[Any], T]) -> T:
    """Return `operation(channel)`, which is repeated once, on a new connection, if the broker had closed the old one.

    Raises one of BrokerDown, and amqp.exceptions.ChannelError when the broker refuses the operation.
    """
    with producer() as pooled:
        answer: T = pooled.connection.ensure(pooled, lambda: operation(pooled.channel), **RETRY)()
        return answer


def publish(body: Any, *, exchange: Any, routing_key: str, **options: Any) -> None:
    """Serialize `body` as config.yml says and send it; `options` are those of `send`.

    Raises EncodeError for a body that can't be serialized, Unroutable, or one of BrokerDown.
    """
    # Before a connection is borrowed, so that a bad body breaks none.
    content_type, encoding, content = dumps(body, serializer=config["serializer"])
    send(content, content_type=content_type, content_encoding=encoding, exchange=exchange, routing_key=routing_key,
         **options)


def send(content: bytes, *, exchange: Any, routing_key: str, confirm: bool = True, mandatory: bool = False,
         delivery_mode: int = TRANSIENT, **options: Any) -> None:
    """Send the bytes as they are, and once more on a new connection if the first was closed.

    `confirm`: wait for the broker's confirmation. `mandatory`: raise Unroutable when no queue takes the message. Raises
    one of BrokerDown when the broker can't be reached or does not answer within ANSWER_SECONDS.
    """
    returned: list[Any] = []
    try:
        with producer(confirm) as pooled:
            if mandatory:
                _listen_for_returns(pooled, lambda *details: returned.append(details))
            pooled.publish(
                content, exchange=exchange, routing_key=routing_key, mandatory=mandatory, delivery_mode=delivery_mode,
                retry=True, retry_policy=RETRY, timeout=ANSWER_SECONDS, confirm_timeout=ANSWER_SECONDS, **options,
            )
    except NotFound:  # the exchange itself is missing
        raise Unroutable(routing_key) from None
    if returned:
        raise Unroutable(routing_key)


def send_copy(message: Message, *, exchange: Any, routing_key: str, headers: dict[str, Any]) -> None:
    """Send a persistent, confirmed copy of a message with other headers to a queue that must exist.

    When it returns, the original may be acknowledged. Raises Unroutable or one of BrokerDown; then there is no copy.
    """
    send(message.body or b"", exchange=exchange, routing_key=routing_key, headers=headers, mandatory=True,
         delivery_mode=PERSISTENT, message_id=message.properties.get("message_id"),
         content_type=message.content_type or UNKNOWN_TYPE, content_encoding=message.content_encoding or "binary")


def _listen_for_returns(producer: Producer, listener: Callable[..., None]) -> None:
    # By default amqp raises before the confirmation has come, and the next message takes that one for its own.
    producer.on_return = listener
    producer.channel.events["basic_return"] = {listener}
