"""Calls to a room that has died or hangs end before their deadlines."""

import math
import time
from contextlib import suppress
from typing import Any

import eventlet
import pytest

from schemas.errors import OutcomeUnknown, RoomSilent
from services.foundation.rpc import lost_calls as module
from services.foundation.rpc.circuit_breaker import FAILURES, CircuitBreakers
from services.foundation.rpc.lost_calls import CHECK_SECONDS, LostCalls, PendingCall


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The rooms without a process."""
    rooms: set[str] = set()
    monkeypatch.setattr(module, "is_lost", lambda room, queue: room in rooms)
    return rooms


def pending(*calls: tuple[str, float]) -> dict[Any, PendingCall]:
    """Calls to rooms, each for so many seconds."""
    made = {}
    for number, (room, seconds) in enumerate(calls):
        made[number] = PendingCall(room)
        made[number].sent -= seconds
    return made


def outcome(call: PendingCall) -> str:
    """How the call stands."""
    try:
        return str(call.wait(timeout=0) or "waits")
    except OutcomeUnknown as refusal:
        return f"{refusal.about['room']} is lost"


def test_the_calls_of_a_lost_room_end_and_no_others(gone: set[str]) -> None:
    gone.add("payment")
    calls = pending(("payment", 2), ("film", 2), ("payment", 1), ("payment", 0))
    each = list(calls.values())
    LostCalls(calls, CircuitBreakers()).check()
    assert [outcome(call) for call in each] == ["payment is lost", "waits", "payment is lost", "waits"]
    assert list(calls) == [1, 3], "one that was sent just now may be for a process that has just come"


def test_the_calls_of_a_hanging_room_end_when_its_circuit_opens_and_its_probe_goes_on(
    gone: set[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    circuits = CircuitBreakers()
    for _ in range(FAILURES):
        with suppress(RoomSilent), circuits.guard("payment"):
            raise RoomSilent(room="payment")
    assert circuits.opened_at("payment") <= time.monotonic()
    calls = pending(("payment", 62), ("film", 62), ("payment", 58))
    each = list(calls.values())
    monkeypatch.setattr(circuits, "opened_at", lambda room: time.monotonic() - 60 if room == "payment" else -math.inf)
    LostCalls(calls, circuits).check()
    assert [outcome(call) for call in each] == ["payment is lost", "waits", "waits"]


def test_rooms_are_not_asked_about_quick_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(module, "is_lost", lambda room, queue: asked.append(room))
    LostCalls(pending(("payment", 0), ("payment", CHECK_SECONDS / 2)), CircuitBreakers()).check()
    assert asked == []


def test_a_failed_check_is_followed_by_another(gone: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.01)
    calls = pending(("payment", 2))
    [call] = calls.values()
    answers = iter([OSError("no broker"), False, True])

    def is_lost(room: str, queue: str) -> bool:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return bool(answer)

    monkeypatch.setattr(module, "is_lost", is_lost)
    thread = eventlet.spawn(LostCalls(calls, CircuitBreakers()).run)
    try:
        with pytest.raises(OutcomeUnknown), eventlet.Timeout(30):
            call.wait()
    finally:
        thread.kill()
