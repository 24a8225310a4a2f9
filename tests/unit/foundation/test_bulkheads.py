"""How many workers may wait for one other room, and which calls are refused."""

from typing import Any

import eventlet
import pytest
from eventlet.event import Event

from schemas.errors import RoomSilent, RoomUnavailable
from services.foundation.rpc import bulkheads as module
from services.foundation.rpc.bulkheads import Bulkheads

WORKERS = 8


@pytest.fixture
def bulkheads(monkeypatch: pytest.MonkeyPatch) -> Bulkheads:
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.3)
    return Bulkheads(lambda: WORKERS)


class Calls:
    """Calls of many workers to rooms that answer when the test says so."""

    def __init__(self, bulkheads: Bulkheads) -> None:
        self._bulkheads = bulkheads
        self.out: list[tuple[str, Event]] = []  # the calls to answer, the oldest first

    def to(self, room: str, count: int = 1) -> list[Any]:
        calls = [eventlet.spawn(self._call, room) for _ in range(count)]
        eventlet.sleep(0)
        return calls

    def answer(self, problem: Exception | None = None) -> None:
        _, arrival = self.out.pop(0)
        arrival.send_exception(problem) if problem else arrival.send("yes")
        eventlet.sleep(0)
        eventlet.sleep(0)

    def _call(self, room: str) -> str:
        try:
            with self._bulkheads.slot(room):
                self.out.append((room, arrival := Event()))
                return str(arrival.wait())
        except RoomUnavailable:
            return "no"
        except RoomSilent:
            return "silent"

    def rooms(self) -> str:
        return " ".join(room for room, _ in self.out)


@pytest.fixture
def calls(bulkheads: Bulkheads) -> Calls:
    return Calls(bulkheads)


def outcomes(threads: list[Any]) -> list[str]:
    return [thread.wait() for thread in threads]


def test_a_room_that_hangs_gets_half_of_the_workers_and_other_calls_are_refused_soon(calls: Calls) -> None:
    crowd = calls.to("payment", 20)
    assert calls.rooms() == "payment " * 3 + "payment"
    assert outcomes(crowd[4:]) == ["no"] * 16
    assert outcomes_at_once(calls.to("payment")) == ["no"]


def outcomes_at_once(threads: list[Any]) -> list[str]:
    """None of these calls waits."""
    assert all(thread.dead for thread in threads)
    return outcomes(threads)


def test_other_rooms_are_called_while_one_hangs_and_some_workers_are_always_left(calls: Calls) -> None:
    for room in ("payment", "kitchen", "film"):
        calls.to(room, 20)
    assert calls.rooms() == "payment payment payment payment kitchen kitchen film"


def test_a_burst_of_calls_waits_for_slots_while_the_room_answers(
    calls: Calls, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(module, "LONGEST_WAIT", 30)
    crowd = calls.to("payment", 20)
    for _ in range(20):
        eventlet.sleep(0.03)  # the whole burst takes longer than SILENT_SECONDS
        calls.answer()
    assert outcomes(crowd) == ["yes"] * 20


def test_no_call_waits_long_for_a_slot_of_a_room_that_answers_slowly(
    calls: Calls, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SILENT_SECONDS", 10)
    monkeypatch.setattr(module, "LONGEST_WAIT", 1.0)
    crowd = calls.to("payment", 20)
    for _ in range(6):
        eventlet.sleep(0.2)
        calls.answer()
    assert outcomes(crowd[:6]) == ["yes"] * 6
    assert "no" in outcomes(crowd[12:])


def test_no_call_waits_for_a_room_that_let_a_deadline_pass_until_it_answers(calls: Calls) -> None:
    calls.to("payment", 4)
    calls.answer(RoomSilent())
    calls.to("payment")
    assert outcomes_at_once(calls.to("payment")) == ["no"]
    calls.answer()
    calls.to("payment", 2)
    calls.answer()
    assert calls.rooms() == "payment " * 3 + "payment"


def test_a_slot_that_another_room_releases_is_used(calls: Calls) -> None:
    calls.to("film", 4)
    calls.to("payment", 3)
    assert calls.rooms() == "film film film film payment payment"
    calls.answer()
    calls.answer()
    assert calls.rooms() == "film film payment payment payment"


def test_a_call_that_gives_up_waiting_leaves_no_gap_in_the_queue(calls: Calls, bulkheads: Bulkheads) -> None:
    calls.to("payment", 4)
    with pytest.raises(ZeroDivisionError), eventlet.Timeout(0.02, ZeroDivisionError()), bulkheads.slot("payment"):
        raise AssertionError("there was no slot")
    for _ in range(4):
        calls.answer()
    assert outcomes(calls.to("payment", 0)) == []
    with bulkheads.slot("payment"):
        assert bulkheads._in_flight["payment"] == 1
