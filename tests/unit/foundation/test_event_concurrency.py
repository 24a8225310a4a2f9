"""Events that are stuck leave half of a room's workers to calls."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import eventlet
import pytest

from schemas.base import Event, Nothing
from services.foundation.events.consumers import EventConcurrency, EventHandler
from services.foundation.events.topology import Subscription

NEWS = Event("news", "news.happened", 1, Nothing, "Something happened.")


class Container:
    """As much of a Nameko container as consumers need. A worker begins and goes on until `end_one`."""

    service_name = "news"

    def __init__(self, max_workers: int) -> None:
        self.max_workers, self.begun = max_workers, 0
        self._running: list[Callable[..., object]] = []

    def spawn_managed_thread(self, run: Callable[[], object], identifier: str) -> None:
        eventlet.spawn(run)

    def spawn_worker(self, *_: object, handle_result: Callable[..., object], **__: object) -> None:
        self.begun += 1
        self._running.append(handle_result)

    def end_one(self, error: Exception | None = None) -> None:
        self._running.pop(0)(None, None, (type(error), error, None) if error else None)
        eventlet.sleep(0)
        eventlet.sleep(0)


def consumers(container: Any, count: int) -> list[EventHandler]:
    """Consumers of one process, whose messages go nowhere."""
    concurrency, made = EventConcurrency(), [EventHandler(NEWS) for _ in range(count)]
    concurrency.container = container
    concurrency.setup()
    for each in made:
        each.container, each.concurrency, each.consumer = container, concurrency, Mock()
        each.settings, each.subscription = SimpleNamespace(tries=20), Subscription(NEWS, "news", "hear")
    return made


def deliver(consumer: EventHandler, number: int) -> None:
    event = {"event_id": f"e{number}", "type": NEWS.type, "version": 1, "about": "n1", "sequence": number,
             "occurred_at": "2026-11-21T12:00:00.123+00:00", "trace": {}, "body": {}}
    consumer.handle_message(event, SimpleNamespace(headers={}))
    eventlet.sleep(0)


@pytest.mark.parametrize(("workers", "at_once"), [(1, 1), (2, 1), (5, 2), (6, 3)])
def test_all_consumers_together_have_half_of_the_workers_but_at_least_one(workers: int, at_once: int) -> None:
    container = Container(workers)
    for consumer in consumers(container, 3):
        for number in range(4):
            deliver(consumer, number)
    assert container.begun == at_once


@pytest.mark.parametrize("error", [None, ValueError("a bug")], ids=["done", "failed"])
def test_the_next_event_begins_when_another_has_ended(error: Exception | None,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.foundation.events.retry_queues.retry_later", lambda *_: None)
    container = Container(4)
    [consumer] = consumers(container, 1)
    for number in range(5):
        deliver(consumer, number)
    for begun in (3, 4, 5):
        container.end_one(error)
        assert container.begun == begun
