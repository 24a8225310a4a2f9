"""Publishing to RabbitMQ over a pool of connections kept per process, always with a deadline.

Stock Nameko builds a connection description for every message and re-declares the reply queue with every
call; together that is half the cost of an RPC.
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
ANSWER_SECONDS, LONGEST_WAIT = 5, 10
# At most one quick retry: it cures a connection that the broker closed while it lay in the pool.
RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}

BrokerDown = (OperationalError, ConnectionGone, ConnectionError, OSError, TimeoutError, MessageNacked, LimitExceeded)


class NoRoute(Exception):
    """No queue takes this message: nobody of that name is there."""


class Line(Transport):
    """A connection on which nobody waits for ever: the other side may be gone without a word."""

    def establish_connection(self) -> Any:
        connection = super().establish_connection()
        connection.sock.settimeout(LONGEST_WAIT)
        return connection


def line(uri: str, **options: Any) -> Connection:
    """How to reach the broker; no connection yet."""
    return Connection(uri, connect_timeout=ANSWER_SECONDS, transport=Line, **options)


@cache
def _pool(uri: str, confirm: bool) -> Any:
    pools.set_limit(50)
    options = {"confirm_publish": confirm, "max_retries": 1, "interval_start": 0, "interval_step": 0.2}
    return pools.producers[line(uri, transport_options=options)]


@contextmanager
def producer(confirm: bool = True) -> Iterator[Producer]:
    """A pooled kombu producer. `confirm`: publishing waits until the broker has taken the message."""
    with _pool(config["AMQP_URI"], confirm).acquire(block=True, timeout=ANSWER_SECONDS) as pooled:
        try:
            yield pooled
        except BaseException:
            # Nobody knows how far it came, and whoever got this connection next would read the rest.
            pooled.connection.collect()
            let_go_of_the_idle()
            raise


def let_go_of_the_idle() -> None:
    """A line has failed: what has befallen it may have befallen those in the pools, and nobody would notice there."""
    for confirm in (True, False):
        connections = _pool(config["AMQP_URI"], confirm).connections
        for idle in list(connections._resource.queue):
            connections.collect_resource(idle)


def ask(question: Callable[[Any], T]) -> T:
    """What `question(channel)` returns, asked once more if the broker had closed the line. Raises one of BrokerDown.

    Also what the broker refuses: an amqp ChannelError.
    """
    with producer() as pooled:
        answer: T = pooled.connection.ensure(pooled, lambda: question(pooled.channel), **RETRY)()
        return answer


def publish(body: Any, *, exchange: Any, routing_key: str, **options: Any) -> None:
    """Send one message, as `send` does. Raises EncodeError, NoRoute or one of BrokerDown."""
    # First of all, so that a body that can't be sent breaks no connection.
    content_type, encoding, content = dumps(body, serializer=config["serializer"])
    send(content, content_type=content_type, content_encoding=encoding, exchange=exchange, routing_key=routing_key,
         **options)


def send(content: bytes, *, exchange: Any, routing_key: str, confirm: bool = True, mandatory: bool = False,
         delivery_mode: int = TRANSIENT, **options: Any) -> None:
    """Send a body as it is. Raises NoRoute (mandatory and nobody there) or one of BrokerDown."""
    returned: list[Any] = []
    try:
        with producer(confirm) as pooled:
            if mandatory:
                _listen_for_returns(pooled, lambda *details: returned.append(details))
            pooled.publish(
                content, exchange=exchange, routing_key=routing_key, mandatory=mandatory, delivery_mode=delivery_mode,
                retry=True, retry_policy=RETRY, timeout=ANSWER_SECONDS, confirm_timeout=ANSWER_SECONDS, **options,
            )
    except NotFound:  # not even the exchange is there
        raise NoRoute(routing_key) from None
    if returned:
        raise NoRoute(routing_key)


def send_on(message: Message, *, exchange: Any, routing_key: str, headers: dict[str, Any]) -> None:
    """Send a copy of a message, persistent and confirmed, to a queue that must be there. Raises like `send`."""
    send(message.body or b"", exchange=exchange, routing_key=routing_key, headers=headers, mandatory=True,
         delivery_mode=PERSISTENT, message_id=message.properties.get("message_id"),
         content_type=message.content_type or UNKNOWN_TYPE, content_encoding=message.content_encoding or "binary")


def _listen_for_returns(producer: Producer, listener: Callable[..., None]) -> None:
    """Left to itself amqp raises before the confirmation has come, and the next message takes that for its own."""
    producer.on_return = listener
    producer.channel.events["basic_return"] = {listener}
