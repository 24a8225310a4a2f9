"""Where a room publishes, with an account of its own and without."""

from collections.abc import Iterator

import nameko
import pytest
from kombu import Exchange
from nameko.rpc import get_rpc_exchange

from schemas.base import Event, Nothing
from services.foundation.amqp import exchanges
from services.foundation.events import topology
from services.foundation.events.topology import Subscription

WAITS = Exchange("events.wait.5s", type="fanout")
HEARD = Subscription(Event("news", "news.happened", 1, Nothing, "Something happened."), "order", "hear")


@pytest.fixture
def own_account() -> Iterator[None]:
    with nameko.config.patch({"own_account": True}):
        yield


@pytest.mark.usefixtures("own_account")
def test_with_an_account_of_its_own_a_room_publishes_to_exchanges_of_its_own() -> None:
    found = [exchanges.for_calls("order"), exchanges.for_events("order"), exchanges.for_retries("order", WAITS),
             exchanges.for_dead_letters("order")]
    assert [each.name for each in found] == [   # type: ignore[union-attr]
        "order.calls", "order.outbox", "order.retries.events.wait.5s", "order.dead-letters"]


@pytest.mark.usefixtures("own_account")
def test_with_an_account_of_its_own_a_room_declares_its_own_queues_and_nothing_shared() -> None:
    assert HEARD.queue.exchange.no_declare
    assert exchanges.shared(get_rpc_exchange()).no_declare
    assert not topology.EXCHANGE.no_declare


def test_otherwise_all_publish_to_the_shared_ones_and_declare_them() -> None:
    found = [exchanges.for_calls("order"), exchanges.for_events("order"), exchanges.for_retries("order", WAITS)]
    assert [each.name for each in found] == ["nameko-rpc", "events", "events.wait.5s"]
    assert exchanges.for_dead_letters("order") == ""
    assert not HEARD.queue.exchange.no_declare
