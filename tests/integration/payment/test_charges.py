"""An order's money is taken once, whatever goes wrong and when."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from schemas.errors import RoomSilent
from schemas.payment import AmountMismatch, PaymentClosed, PaymentDeclined
from services.foundation.database import Transactions, utc_now
from services.payment import provider_registry, rules, store
from services.payment.payment_state import Attempt, PaymentRecord, PaymentRequest
from services.payment.sandbox.provider import Sandbox
from tests.drivers.sandbox_bank import Bank, WatchedSandbox

EUR_12 = {"amount": 1200, "currency": "EUR", "method": "sandbox"}
MOMENTS = ["before authorize", "after authorize", "before capture", "after capture"]
Happen = Callable[[str, Callable[[], object]], None]


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, database: Transactions) -> Happen:
    """`at("before capture", action)`: the action runs then, once."""
    def happen(moment: str, happening: Callable[[], object]) -> None:
        watched = WatchedSandbox(database, moment, happening)
        monkeypatch.setitem(provider_registry.PROVIDERS, "sandbox", lambda *_: watched)

    return happen


@pytest.fixture
def crash(at: Happen, room: Any, order_id: str) -> Callable[[str], None]:
    """A charge of the order whose process dies at that moment."""
    def die() -> None:
        raise Crash

    def charge(moment: str) -> None:
        at(moment, die)
        with pytest.raises(Crash):
            room.charge(order_id=order_id, **EUR_12)

    return charge


def test_an_order_is_charged_once_however_often_the_call_is_repeated(room: Any, order_id: str, bank: Bank) -> None:
    first = room.charge(order_id=order_id, **EUR_12)
    again = room.charge(order_id=order_id, **EUR_12)

    assert first["status"] == "captured"
    assert first == again == room.get_status(order_id=order_id)
    assert (bank.taken, bank.charges) == (1200, 1)


def test_ten_charges_at_once_take_the_money_once(room: Any, order_id: str, bank: Bank) -> None:
    with ThreadPoolExecutor(10) as tellers:
        answers = list(tellers.map(lambda _: room.charge(order_id=order_id, **EUR_12), range(10)))

    assert [answer["status"] for answer in answers] == ["captured"] * 10
    assert (bank.taken, bank.charges) == (1200, 1)


@pytest.mark.parametrize("other", [{"amount": 1300}, {"currency": "GBP"}])
def test_an_order_is_charged_for_one_amount_only(room: Any, order_id: str, bank: Bank, other: dict[str, Any]) -> None:
    room.charge(order_id=order_id, **EUR_12)

    with pytest.raises(AmountMismatch):
        room.charge(order_id=order_id, **{**EUR_12, **other})
    assert bank.taken == 1200


def test_after_a_decline_the_next_charge_may_succeed(room: Any, order_id: str, bank: Bank) -> None:
    bank.will("decline")

    with pytest.raises(PaymentDeclined):
        room.charge(order_id=order_id, **EUR_12)
    declined = room.get_status(order_id=order_id)
    paid = room.charge(order_id=order_id, **EUR_12)

    assert (declined["status"], declined["captured"]) == ("failed", 0)
    assert paid["payment_id"] != declined["payment_id"]
    assert (bank.taken, bank.charges) == (1200, 2)


def test_an_order_that_was_never_charged_has_no_money(room: Any, order_id: str) -> None:
    assert room.get_status(order_id=order_id) == {
        "order_id": order_id, "payment_id": None, "status": "none", "reason": None, "method": None, "captured": 0,
        "refunded": 0, "currency": None}


def test_a_repeated_charge_finds_the_money_of_a_lost_answer(room: Any, order_id: str, bank: Bank) -> None:
    bank.will("lose_capture")

    with pytest.raises(RoomSilent):
        room.charge(order_id=order_id, **EUR_12)
    unknown = room.get_status(order_id=order_id)
    paid = room.charge(order_id=order_id, **EUR_12)

    assert unknown["status"] == "submitted"
    assert paid["payment_id"] == unknown["payment_id"]
    assert (bank.taken, bank.charges) == (1200, 1)


def test_closing_finds_the_money_of_a_lost_answer(room: Any, order_id: str, bank: Bank) -> None:
    bank.will("lose_capture")
    with pytest.raises(RoomSilent):
        room.charge(order_id=order_id, **EUR_12)

    assert room.close(order_id=order_id)["captured"] == bank.taken == 1200


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_repeated_call_continues_the_same_payment_after_a_crash(
        crash: Callable[[str], None], room: Any, order_id: str, bank: Bank, moment: str) -> None:
    crash(moment)
    left = room.get_status(order_id=order_id)

    paid = room.charge(order_id=order_id, **EUR_12)

    assert left["status"] == "submitted"
    assert (paid["status"], paid["payment_id"]) == ("captured", left["payment_id"])
    assert (bank.taken, bank.charges) == (1200, 1)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_timer_finishes_a_payment_after_a_crash(
        crash: Callable[[str], None], room: Any, order_id: str, bank: Bank, moment: str) -> None:
    crash(moment)

    room.finish_stale_work()
    assert room.get_status(order_id=order_id)["status"] == "submitted"  # someone may be at it still
    bank.let_time_pass()
    room.finish_stale_work()

    assert room.get_status(order_id=order_id)["status"] == "captured"
    assert bank.taken == 1200


@pytest.mark.parametrize("moment", MOMENTS)
def test_closing_after_a_crash_returns_what_was_taken(
        crash: Callable[[str], None], room: Any, order_id: str, bank: Bank, moment: str) -> None:
    crash(moment)

    told = room.close(order_id=order_id)

    assert told["captured"] == bank.taken == (1200 if moment == "after capture" else 0)
    assert told["status"] == ("captured" if moment == "after capture" else "closed")


def test_a_closed_order_is_never_charged(room: Any, order_id: str, bank: Bank) -> None:
    assert room.close(order_id=order_id)["status"] == "closed"

    with pytest.raises(PaymentClosed):
        room.charge(order_id=order_id, **EUR_12)
    assert room.close(order_id=order_id)["captured"] == bank.charges == 0


def test_a_paid_order_can_not_be_closed(room: Any, order_id: str) -> None:
    room.charge(order_id=order_id, **EUR_12)

    told = room.close(order_id=order_id)

    assert (told["status"], told["captured"]) == ("captured", 1200)
    assert room.charge(order_id=order_id, **EUR_12) == told


@pytest.mark.parametrize("moment", MOMENTS)
def test_closing_during_a_charge_returns_how_the_charge_ends(
        at: Happen, room: Any, order_id: str, bank: Bank, moment: str) -> None:
    told: list[dict[str, Any]] = []
    at(moment, lambda: told.append(room.close(order_id=order_id)))

    if moment == "after capture":
        assert room.charge(order_id=order_id, **EUR_12)["status"] == "captured"
    else:
        with pytest.raises(PaymentClosed):
            room.charge(order_id=order_id, **EUR_12)

    assert told[0]["captured"] == bank.taken == room.close(order_id=order_id)["captured"]


def test_closing_during_a_charge_returns_something_else_when_money_is_taken_for_closed_orders(
        room: Any, order_id: str, bank: Bank, at: Happen, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(rules, "may_capture", lambda state, attempt: True)
    at("before authorize", lambda: told.append(room.close(order_id=order_id)))

    room.charge(order_id=order_id, **EUR_12)

    assert (told[0]["captured"], bank.taken) == (0, 1200)


def test_closing_without_an_answer_can_be_repeated(
        at: Happen, room: Any, order_id: str, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.will("lose_capture")
    with pytest.raises(RoomSilent):
        room.charge(order_id=order_id, **EUR_12)

    def silence(self: object, attempt: Attempt) -> None:
        raise RoomSilent(room="sandbox")

    with monkeypatch.context() as outage:
        outage.setattr(Sandbox, "cancel", silence)
        with pytest.raises(RoomSilent):
            room.close(order_id=order_id)
        with pytest.raises(RoomSilent):
            room.charge(order_id=order_id, **EUR_12)
    assert room.get_status(order_id=order_id)["status"] == "submitted"

    assert room.close(order_id=order_id)["captured"] == bank.taken == 1200


def test_late_money_is_announced_and_can_be_refunded(
        room: Any, database: Transactions, order_id: str, bank: Bank) -> None:
    begun = database.run(lambda tx: store.begin(tx, PaymentRequest(order_id, **EUR_12), "sandbox", utc_now()))
    attempt = begun.state.attempt
    assert attempt
    provider = Sandbox(database)
    provider.authorize(attempt)
    database.run(lambda tx: store.record_status(tx, attempt.payment_id, PaymentRecord("cancelled"), utc_now()))
    provider.capture(attempt)
    room.payments.sync_with_provider(attempt.payment_id)
    room.payments.sync_with_provider(attempt.payment_id)

    told = database.read(lambda tx: tx.execute(text("SELECT type FROM outbox WHERE about = :p"),
                                               {"p": attempt.payment_id}).scalars().all())
    assert list(told) == ["payment.captured"]
    assert room.get_status(order_id=order_id)["captured"] == 1200
    room.refund(order_id=order_id, refund_id=order_id, amount=1200, currency="EUR")
    assert bank.taken == bank.given_back == 1200
