"""Spans on their way: nobody waits, nothing grows, and every loss is counted."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import eventlet
import pytest
from prometheus_client import REGISTRY

from services.foundation.ids import new_id
from services.foundation.tracing.span_queue import SpanQueue

LONG = 3600.0


class Destination:
    """An exporter that keeps what it gets, fails, or never answers."""

    def __init__(self) -> None:
        self.name = new_id()
        self.batches: list[list[Any]] = []
        self.dropped: list[int] = []
        self.fails = self.hangs = False
        self.arrived = eventlet.Event()

    def export(self, spans: Sequence[Any], dropped: int) -> None:
        if self.hangs:
            eventlet.sleep(LONG)
        if self.fails:
            raise ConnectionError("refused")
        self.batches.append(list(spans))
        self.dropped.append(dropped)

    def close(self) -> None:
        self.fails = True


def lost(destination: Destination) -> float:
    """How many spans were lost on their way there, as Prometheus reads it."""
    return REGISTRY.get_sample_value("marquee_spans_dropped_total", {"destination": destination.name}) or 0


@contextmanager
def running(destination: Destination, length: int = 10, batch: int = 4, seconds: float = LONG) -> Iterator[SpanQueue]:
    queue = SpanQueue(destination, length, batch, seconds)
    queue.start()
    eventlet.sleep()
    yield queue
    if queue._thread:
        queue._thread.kill()


def end(queue: SpanQueue, *names: Any) -> None:
    for name in names:
        queue.on_end(name)


def wait_for(condition: Callable[[], bool]) -> None:
    with eventlet.Timeout(10):
        while not condition():
            eventlet.sleep(0.005)


def test_spans_are_sent_in_batches_in_their_order() -> None:
    destination = Destination()
    with running(destination) as queue:
        end(queue, *range(9))
        wait_for(lambda: len(destination.batches) == 3)
    assert destination.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]


def test_a_few_spans_are_sent_soon() -> None:
    destination = Destination()
    with running(destination, seconds=0.01) as queue:
        end(queue, 1)
        wait_for(lambda: destination.batches == [[1]])


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    destination = Destination()
    with running(destination) as queue:
        end(queue, *range(15))
        wait_for(lambda: len(destination.batches) == 3)
        assert lost(destination) == 5
    assert destination.dropped == [5, 0, 0]


def test_a_destination_that_hangs_keeps_nobody_waiting_and_the_queue_bounded() -> None:
    destination = Destination()
    destination.hangs = True
    with running(destination) as queue:
        end(queue, *range(4))
        wait_for(lambda: not queue._spans)   # the batch is under way
        end(queue, *range(1000))
        assert (len(queue._spans), lost(destination)) == (10, 990)


def test_spans_that_could_not_be_sent_are_counted_and_told_with_the_next_batch(
        caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "marquee.tracing")
    destination = Destination()
    destination.fails = True
    with running(destination, seconds=0.01) as queue:
        end(queue, 1, 2)
        wait_for(lambda: lost(destination) == 2)
        end(queue, 3)
        wait_for(lambda: lost(destination) == 3)
        destination.fails = False
        end(queue, 4)
        wait_for(lambda: destination.batches == [[4]])
    assert destination.dropped == [3]
    assert [record.message for record in caplog.records] == ["spans can't be sent", "spans are sent again"]


def test_stopping_sends_the_rest() -> None:
    destination = Destination()
    with running(destination) as queue:
        end(queue, 1, 2)
        queue.stop(10)
    assert destination.batches == [[1, 2]]


def test_stopping_does_not_wait_for_a_destination_that_hangs() -> None:
    destination = Destination()
    destination.hangs = True
    with running(destination) as queue:
        end(queue, 1)
        with eventlet.Timeout(10):
            queue.stop(0.02)
    assert destination.fails   # it was closed


def test_a_queue_that_has_not_started_or_has_stopped_stops_at_once() -> None:
    SpanQueue(Destination(), 10, 4, LONG).stop(LONG)
    with running(Destination()) as queue, eventlet.Timeout(10):
        queue.stop(LONG)
        queue.stop(LONG)
