"""A consumer that has lost the broker tries to connect again at least every second, and says so once."""

import logging
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from kombu.utils.functional import retry_over_time

from services.foundation.amqp.heartbeat_consumer import RECONNECT, Consumer


class Broker:
    """Refuses the first tries to connect."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.pauses: list[float] = []

    def ensure_connection(self, errback: Callable[..., None], **options: Any) -> None:
        """Fail as often as asked for; the pauses are those that kombu would make."""
        def connect() -> None:
            if len(self.pauses) < self.refusals:
                raise ConnectionRefusedError()

        def note(problem: Exception, intervals: Any, retries: int) -> float:
            self.pauses.append(next(intervals))
            errback(problem, self.pauses[-1])
            return 0.0

        retry_over_time(connect, (OSError,), errback=note, **options)


def connect(consumer: Consumer, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def create_connection() -> Any:
        yield broker

    monkeypatch.setattr(consumer, "create_connection", create_connection)
    with consumer.establish_connection():
        pass


def test_it_never_waits_more_than_a_second_and_logs_each_outage_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:
    consumer = Consumer("amqp://nowhere")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            broker = Broker(refusals=20)
            connect(consumer, broker, monkeypatch)
            assert len(broker.pauses) == 20
            assert max(broker.pauses) == RECONNECT["interval_max"] == 1.0
    assert len(caplog.records) == 2
