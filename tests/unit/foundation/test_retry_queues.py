"""Which queue a failed event waits in, by its failed attempts."""

from types import SimpleNamespace
from typing import Any

import nameko
import pytest

from schemas.base import Event, Nothing
from services.foundation.amqp import publishing
from services.foundation.events import retry_queues
from services.foundation.events.topology import Subscription, audit_queue, retry_queue

EVENTS = {"pauses": [1, 5, 30], "tries": 5, "at_once": 5, "handler_seconds": 60, "poll_seconds": 1, "kept_days": 30}
SUBSCRIPTION = Subscription(Event("news", "news.happened", 1, Nothing, "Something happened."), "news", "hear")
Sent = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """The exchange, routing key and headers of each copy."""
    copies: Sent = []
    monkeypatch.setattr(publishing, "send_copy", lambda message, exchange, routing_key, headers: copies.append(
        (getattr(exchange, "name", exchange), routing_key, headers)))
    return copies


def message(**headers: Any) -> Any:
    return SimpleNamespace(headers=headers, properties={"message_id": "e1"})


def retry(attempts: int, **headers: Any) -> None:
    with nameko.config.patch({"events": EVENTS}):
        retry_queues.retry_later(message(**headers), SUBSCRIPTION, attempts, "ZeroDivisionError: a bug")


@pytest.mark.parametrize(("attempts", "queue"), [
    (1, "events.wait.1s"), (2, "events.wait.5s"), (3, "events.wait.30s"), (4, "events.wait.30s")])
def test_a_failed_event_waits_longer_after_each_attempt(attempts: int, queue: str, sent: Sent) -> None:
    retry(attempts)

    [(exchange, routing_key, headers)] = sent
    assert (exchange, routing_key) == (queue, "news.happened:news.hear")
    assert (headers["tries"], headers["error"]) == (attempts, "ZeroDivisionError: a bug")


def test_an_event_is_a_dead_letter_after_its_last_attempt(sent: Sent) -> None:
    retry(5)

    assert [copy[:2] for copy in sent] == [("", "news.happened:news.hear.dead")]


def test_events_over_which_a_process_died_wait_for_different_times(sent: Sent) -> None:
    for _ in range(100):
        retry(3, **{"x-delivery-count": 2})

    assert {exchange for exchange, *_ in sent} == {"events.wait.1s", "events.wait.5s", "events.wait.30s"}


def test_a_long_error_is_cut(sent: Sent) -> None:
    retry_queues.dead_letter(message(), SUBSCRIPTION, 1, "x" * 1000)

    assert len(sent[0][2]["error"]) == retry_queues.LONGEST_ERROR


@pytest.mark.parametrize(("headers", "attempts"), [
    ({}, 0), ({"tries": 2}, 2), ({"x-delivery-count": 1}, 1), ({"tries": 2, "x-delivery-count": 1}, 3),
    ({"tries": "often"}, 0), ({"tries": -1}, 0),
], ids=str)
def test_failed_attempts_count_those_that_ended_with_the_process(headers: dict[str, Any], attempts: int) -> None:
    assert retry_queues.failed_attempts(message(**headers)) == attempts


def test_no_queue_of_events_is_classic() -> None:
    """RabbitMQ can't read the index of a classic queue again that a full disk has cut off."""
    queues = [audit_queue(), retry_queue(1)[1], SUBSCRIPTION.queue, SUBSCRIPTION.dead_queue]
    assert {queue.queue_arguments["x-queue-type"] for queue in queues} == {"quorum"}
