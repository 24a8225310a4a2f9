"""The order room when the kitchen or the payment room has a fault: it does its own work, and asks again."""

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from nameko.exceptions import RemoteError

from schemas.errors import RoomSilent
from schemas.kitchen import UnknownKitchenOrder
from services.order.buying.snack_reservations import SnackReservations
from services.order.paying.payments import Payments
from services.order.refunding.refund_sender import RefundSender

NOW = dt.datetime.now(dt.UTC)
FAULTS = [ValueError("a bug"), RemoteError("KeyError", "x"), TimeoutError(), RoomSilent()]
MALFORMED = [None, {}, {"in_time": "perhaps"}, "yes", []]


class FakeDatabase:
    """The order room's: it has an order refunded then, and counts the writes."""

    def __init__(self, refunded_at: dt.datetime = NOW) -> None:
        self.put_off, self.booked, self._refunded_at = 0, 0, refunded_at

    def read(self, work: object) -> tuple[Any, dt.datetime]:
        return SimpleNamespace(order_id="o", cinema_id="kanal", kitchen_sequence=2), self._refunded_at

    def run(self, work: object) -> None:
        self.put_off += 1

    def run_repeatable(self, work: object) -> None:
        self.booked += 1


def room(answer: Any) -> Any:
    def call(method: object, fields: object) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer
    return SimpleNamespace(call=call)


def settle(database: Any, remote: Any) -> None:
    RefundSender(database, remote).settle_snacks("o")


def settled(answer: Any, refunded_at: dt.datetime = NOW) -> tuple[int, int]:
    """How often the snacks' money was booked, and put off."""
    database = FakeDatabase(refunded_at)
    settle(database, room(answer))
    return database.booked, database.put_off


@pytest.mark.parametrize("answer", [*FAULTS, *MALFORMED, UnknownKitchenOrder()], ids=repr)
def test_the_refund_of_snacks_is_booked_later_when_the_kitchen_has_a_fault(answer: Any) -> None:
    assert settled(answer) == (0, 1)


def test_the_refund_of_snacks_is_booked_when_the_kitchen_answers() -> None:
    assert settled({"in_time": True, "of_a_later_version": 1}) == (1, 0)


@pytest.mark.parametrize(("hours", "request_body"), [
    (23, {"order_id": "o"}), (24, {"order_id": "o", "lost": {"cinema_id": "kanal", "version": 2}})])
def test_after_a_day_the_kitchen_is_told_to_give_up_an_order_that_it_does_not_know(
    hours: int, request_body: dict[str, Any],
) -> None:
    database, asked = FakeDatabase(NOW - dt.timedelta(hours=hours)), []
    kitchen = SimpleNamespace(call=lambda method, fields: asked.append(fields) or {"in_time": True})

    settle(database, kitchen)

    assert (asked, database.booked) == ([request_body], 1)


def test_snacks_that_the_kitchen_has_not_given_up_are_never_refunded() -> None:
    assert settled(UnknownKitchenOrder(), NOW - dt.timedelta(days=2)) == (0, 1)


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_fault_while_releasing_snacks_does_not_reach_the_buyer(fault: Exception) -> None:
    SnackReservations(room(fault)).release("o")


@pytest.mark.parametrize("answer", [*FAULTS, None, {}, {"captured": 0}, {"captured": 900}], ids=repr)
def test_an_order_is_shown_when_the_payment_room_has_a_fault(answer: Any) -> None:
    view: Any = SimpleNamespace(row=SimpleNamespace(status="paying", order_id="o"))
    find: Callable[..., Any] = Payments(None, None, room(answer), None, None).find_progress  # type: ignore[arg-type]
    assert find(view) == (view, None)
