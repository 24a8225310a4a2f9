"""A reply reaches its call however early a process calls; without a queue for the reply a call fails at once."""

import uuid
from typing import Any

import nameko
import pytest
from amqp.exceptions import NotFound
from nameko.rpc import ReplyListener, get_rpc_exchange

from schemas.errors import RoomUnavailable
from services.foundation.amqp import publishing
from services.foundation.rpc.circuit_breaker import CircuitBreakers
from services.foundation.rpc.client import RemoteCaller, Replies
from testbed.mesh import free_ports, wait_until
from tests.drivers.processes import Process
from tests.integration.foundation.conftest import Container
from tests.integration.foundation.echo_room import SAY


def replies_waiting(replies: ReplyListener) -> int:
    """How many replies wait for their consumer. Raises NotFound when there is no queue."""
    return int(publishing.run_on_channel(
        lambda channel: channel.queue_declare(replies.queue.name, passive=True)).message_count)


def say_something(replies: ReplyListener) -> None:
    publishing.publish({"args": [], "kwargs": {"text": "two for F7"}}, exchange=get_rpc_exchange(), mandatory=True,
                       routing_key="echo.say", reply_to=replies.routing_key, correlation_id=uuid.uuid4().hex)


def test_a_reply_that_comes_before_its_consumer_is_ready_waits_for_it(
    echo: Process, client: Any, container: Container,
) -> None:
    replies = Replies().bind(container)
    replies.setup()
    say_something(replies)
    wait_until(lambda: replies_waiting(replies) == 1, 20, "the reply")


def test_stock_nameko_loses_a_reply_that_comes_before_its_consumer_is_ready(
    echo: Process, client: Any, container: Container,
) -> None:
    replies = ReplyListener().bind(container)
    replies.setup()
    say_something(replies)
    with pytest.raises(NotFound):
        replies_waiting(replies)


def test_a_process_that_started_without_a_broker_refuses_its_calls_at_once(container: Container) -> None:
    with nameko.config.patch({"AMQP_URI": f"amqp://nobody:there@127.0.0.1:{free_ports(1)[0]}/"}):
        replies = Replies().bind(container)
        replies.setup()
    # The broker is back, but the consumer has not reached it.
    with pytest.raises(RoomUnavailable):
        RemoteCaller(replies, {}, CircuitBreakers()).call(SAY, {"text": "two for F7"}, seconds=60)
