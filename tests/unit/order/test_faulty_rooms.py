"""What an order room does when the kitchen or the payment room has a fault: its own work, and asks again."""

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from nameko.exceptions import RemoteError

from schemas.errors import RoomSilent
from schemas.kitchen import UnknownKitchenOrder
from services.order.paying.payments import Till
from services.order.snacks import SnackCounter

NOW = dt.datetime.now(dt.UTC)
FAULTS = [ValueError("a bug"), RemoteError("KeyError", "x"), TimeoutError(), RoomSilent()]
MALFORMED = [None, {}, {"in_time": "perhaps"}, "yes", []]


class FakeBooks:
    """The order room's database: an order refunded then; it counts what is written."""

    def __init__(self, refunded_at: dt.datetime = NOW) -> None:
        self.put_off, self.booked, self._refunded_at = 0, 0, refunded_at

    def read(self, work: object) -> tuple[Any, dt.datetime]:
        return SimpleNamespace(order_id="o", cinema_id="kanal", kitchen_sequence=2), self._refunded_at

    def run(self, work: object) -> None:
        self.put_off += 1

    def run_known(self, work: object) -> None:
        self.booked += 1


def room(answer: Any) -> Any:
    def call(method: object, fields: object) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer
    return SimpleNamespace(call=call)


def settled(answer: Any, refunded_at: dt.datetime = NOW) -> tuple[int, int]:
    """How often the snacks' money was booked, and put off."""
    books = FakeBooks(refunded_at)
    SnackCounter(books, room(answer)).settle("o")  # type: ignore[arg-type]
    return books.booked, books.put_off


@pytest.mark.parametrize("answer", [*FAULTS, *MALFORMED, UnknownKitchenOrder()], ids=repr)
def test_whatever_is_wrong_in_the_kitchen_the_snacks_are_booked_later(answer: Any) -> None:
    assert settled(answer) == (0, 1)


def test_what_the_kitchen_says_is_booked() -> None:
    assert settled({"in_time": True, "of_a_later_version": 1}) == (1, 0)


@pytest.mark.parametrize(("hours", "said"), [
    (23, {"order_id": "o"}), (24, {"order_id": "o", "lost": {"cinema_id": "kanal", "version": 2}})])
def test_after_a_day_the_kitchen_is_to_give_up_an_order_that_it_does_not_know(
    hours: int, said: dict[str, Any],
) -> None:
    books, asked = FakeBooks(NOW - dt.timedelta(hours=hours)), []
    kitchen = SimpleNamespace(call=lambda method, fields: asked.append(fields) or {"in_time": True})

    SnackCounter(books, kitchen).settle("o")  # type: ignore[arg-type]

    assert (asked, books.booked) == ([said], 1)


def test_what_the_kitchen_has_not_given_up_is_not_paid_back_however_long_it_takes() -> None:
    assert settled(UnknownKitchenOrder(), NOW - dt.timedelta(days=2)) == (0, 1)


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_kitchen_that_can_not_release_takes_no_purchase_along(fault: Exception) -> None:
    SnackCounter(FakeBooks(), room(fault)).release("o")  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [*FAULTS, None, {}, {"captured": 0}], ids=repr)
def test_an_order_is_shown_though_the_payment_room_has_a_fault(answer: Any) -> None:
    view: Any = SimpleNamespace(row=SimpleNamespace(status="paying", order_id="o"))
    find: Callable[..., Any] = Till(None, None, room(answer), None, None).find_payment  # type: ignore[arg-type]
    assert find(view) == (view, None)
