"""A room that was killed is not back before its callers have missed it."""

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import nameko
import pytest
from kombu.exceptions import OperationalError

from services.foundation.amqp import liveness, publishing
from services.foundation.amqp.draining_consumer import DrainingConsumer
from services.foundation.amqp.liveness import CHECK_SECONDS, GAP_SECONDS, LivenessConsumer
from services.foundation.rpc.server import RoomConsumer


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept before each liveness queue was declared; the superclass has no broker."""
    slept = list[float]()
    monkeypatch.setattr(liveness.eventlet, "sleep", slept.append)
    monkeypatch.setattr(DrainingConsumer, "get_consumers", lambda *_: [])
    monkeypatch.setattr(liveness.time, "monotonic", lambda: 1000.0)
    return slept


def consumer() -> Any:
    made = LivenessConsumer.__new__(LivenessConsumer)
    made.room, made.queues = "film", [SimpleNamespace(name="rpc-film")]
    return made


def test_the_first_process_of_a_room_leaves_callers_the_time_to_miss_it(
    monkeypatch: pytest.MonkeyPatch, slept: list[float],
) -> None:
    monkeypatch.setattr(liveness, "is_lost", lambda room, queue: (room, queue) == ("film", "rpc-film"))
    film, channel = consumer(), MagicMock()
    channel.queue_declare.side_effect = lambda *_, **__: slept.append(-1)
    film.get_consumers(None, channel)
    film.get_consumers(None, channel)    # a new connection to a broker that was away
    assert slept == [pytest.approx(GAP_SECONDS), -1, -1]
    assert GAP_SECONDS > 2 * CHECK_SECONDS, "the next check but one sees a call that is sent after one"


def test_the_time_counts_from_when_a_process_that_starts_has_found_no_other(
    monkeypatch: pytest.MonkeyPatch, slept: list[float],
) -> None:
    monkeypatch.setattr(liveness, "is_lost", lambda room, queue: True)
    film = consumer()
    film.look_for_others()
    monkeypatch.setattr(liveness.time, "monotonic", lambda: 1000.4)
    film.get_consumers(None, MagicMock())
    assert slept == [pytest.approx(GAP_SECONDS - 0.4)]


def test_a_process_that_starts_slowly_looks_again_for_others_may_have_come_and_died_meanwhile(
    monkeypatch: pytest.MonkeyPatch, slept: list[float],
) -> None:
    monkeypatch.setattr(liveness, "is_lost", lambda room, queue: True)
    film = consumer()
    film.look_for_others()
    monkeypatch.setattr(liveness.time, "monotonic", lambda: 1005.0)
    film.get_consumers(None, MagicMock())
    assert slept == [pytest.approx(GAP_SECONDS)]


def room_consumer() -> RoomConsumer:
    """That of a room which is set up and not started."""
    container = MagicMock(service_name="film", shared_extensions={})    # extensions refer to it weakly
    made = RoomConsumer().bind(container)
    with nameko.config.patch({"AMQP_URI": "amqp://127.0.0.1:1/", "film": {}}):
        made.setup()
    return made


def test_a_room_that_is_set_up_looks_for_others_already(monkeypatch: pytest.MonkeyPatch, slept: list[float]) -> None:
    monkeypatch.setattr(liveness, "is_lost", lambda room, queue: (room, queue) == ("film", "rpc-film"))
    made = room_consumer()
    monkeypatch.setattr(liveness, "is_lost", lambda room, queue: pytest.fail("it has looked"))
    monkeypatch.setattr(liveness.time, "monotonic", lambda: 1000.4)
    made.consumer.get_consumers(None, MagicMock())
    assert slept == [pytest.approx(GAP_SECONDS - 0.4)]


def test_a_room_is_set_up_while_the_broker_is_away_and_asks_it_again(
    monkeypatch: pytest.MonkeyPatch, slept: list[float],
) -> None:
    asked: list[Any] = []

    def is_away(operation: Any) -> None:
        asked.append(operation)
        raise OperationalError("refused")

    monkeypatch.setattr(publishing, "run_on_channel", is_away)
    made = room_consumer()
    assert len(asked) == 1
    monkeypatch.setattr(liveness, "is_lost", lambda room, queue: True)    # it is back
    made.consumer.get_consumers(None, MagicMock())
    assert slept == [pytest.approx(GAP_SECONDS)]


def test_a_process_beside_another_is_there_at_once(monkeypatch: pytest.MonkeyPatch, slept: list[float]) -> None:
    monkeypatch.setattr(liveness, "is_lost", lambda room, queue: False)
    consumer().get_consumers(None, MagicMock())
    assert slept == []
