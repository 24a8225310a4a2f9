"""A member's account, composed of what the rooms answer."""

import time
from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from eventlet.event import Event
from nameko.exceptions import RemoteError

from schemas import loyalty, notification, order, user, wallet
from schemas.account import GET_OVERVIEW, PARTS
from schemas.base import Method
from schemas.errors import Refusal, RoomSilent, RoomUnavailable, Unauthenticated
from services.account import overview

SECONDS = 1.0
ANSWERS: dict[str, Any] = {
    user.GET_PROFILE.path: {"username": "ada"},
    order.GET_UPCOMING.path: {"next_tickets": [], "open_orders": [], "server_time": "2026-11-28T10:00:00+00:00"},
    loyalty.GET_STANDING.path: {"points": {"balance": 7}, "check_in": {"day": 3, "local_date": "2026-11-28"}},
    wallet.GET_BALANCE.path: [],
    notification.GET_UNREAD.path: {"unread": 2},
}


class Rooms:
    """Answers as RemoteCaller does: the reply in JSON types, a refusal, or RemoteError for a bug."""

    def __init__(self, **instead: Exception | Callable[[], dict[str, Any]]) -> None:
        self._instead = instead
        self.asked: list[tuple[str, float | None]] = []

    def call(self, method: Method, fields: dict[str, Any], seconds: float | None = None, **context: Any) -> Any:
        method.load(fields)
        self.asked.append((method.path, seconds))
        match self._instead.get(method.room):
            case Exception() as problem:
                raise problem
            case None:
                return ANSWERS[method.path]
            case answer:
                return answer()


def composed(**instead: Any) -> dict[str, Any]:
    return overview.compose(Rooms(**instead), "ada", SECONDS)  # type: ignore[arg-type]


def test_every_room_is_asked_once_with_the_short_deadline() -> None:
    rooms = Rooms()
    overview.compose(rooms, "ada", SECONDS)  # type: ignore[arg-type]
    assert sorted(rooms.asked) == sorted((path, SECONDS) for path in ANSWERS)
    assert len(rooms.asked) == overview.CALLS


def test_a_whole_account_has_nothing_unavailable() -> None:
    account = composed()
    assert account["unavailable"] == []
    assert account["profile"] == {"username": "ada"}
    assert account["unread_messages"] == 2
    assert [name for name in PARTS if account[name] is None] == []


@pytest.mark.parametrize("problem", [RoomUnavailable(room="x"), RoomSilent(room="x"), RemoteError("KeyError", "bug"),
                                     Refusal()])
@pytest.mark.parametrize(("room", "missing"), [
    ("user", ["profile"]), ("order", ["next_tickets", "open_orders"]), ("loyalty", ["points", "check_in"]),
    ("wallet", ["wallet"]), ("notification", ["unread_messages"]),
])
def test_the_parts_of_a_room_without_an_answer_are_named(room: str, missing: list[str], problem: Exception) -> None:
    account = composed(**{room: problem})
    assert account["unavailable"] == missing
    assert [name for name in PARTS if account[name] is None] == missing


def test_an_answer_that_makes_no_sense_is_a_missing_part() -> None:
    assert composed(notification=lambda: {}, order=lambda: None)["unavailable"] == [
        "next_tickets", "open_orders", "unread_messages"]


def test_without_any_room_all_parts_are_missing() -> None:
    rooms = {path.split("/")[1]: RoomUnavailable(room="x") for path in ANSWERS}
    assert composed(**rooms)["unavailable"] == list(PARTS)


def test_a_member_whom_a_room_does_not_know_any_more_is_told_so() -> None:
    with pytest.raises(Unauthenticated):
        composed(user=Unauthenticated())


def test_all_rooms_are_asked_before_the_first_has_answered() -> None:
    """Each room waits here until all are asked; one after the other, they would wait for ever."""
    arrivals, all_asked = [0], Event()

    def answer(reply: dict[str, Any]) -> dict[str, Any]:
        arrivals[0] += 1
        if arrivals[0] == overview.CALLS:
            all_asked.send()
        all_asked.wait()
        return reply

    everything = {name: reply for replies in ANSWERS.values() if isinstance(replies, dict)
                  for name, reply in replies.items()}
    with eventlet.Timeout(5):
        account = composed(**{path.split("/")[1]: lambda: answer(everything) for path in ANSWERS})
    assert account["unavailable"] == []


def test_parts_go_out_as_they_came_in() -> None:
    account = composed(loyalty=lambda: {"points": {}, "check_in": {
        "local_date": "2026-11-28", "rewards": [{"kind": "points", "points": 5}]}})
    sent = GET_OVERVIEW.dump(account | {"server_time": time.strftime("%FT%TZ")})
    assert sent["check_in"] == {"local_date": "2026-11-28", "rewards": [{"kind": "points", "points": 5}]}
