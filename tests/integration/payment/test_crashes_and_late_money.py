"""Crashes, lost answers, late money, and a provider whose record differs from the request."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from schemas.errors import RoomSilent
from schemas.payment import AmountMismatch, PaymentClosed, PaymentInReview
from services.foundation.database import Transactions, utc_now
from services.payment import provider_registry, store
from services.payment.payment_state import Attempt, PaymentRecord, PaymentRequest
from services.payment.sandbox.provider import Sandbox
from tests.drivers.checkout_page import events
from tests.drivers.sandbox_bank import Bank, WatchedSandbox
from tests.integration.payment.conftest import Choose, Start


class Crash(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("moment", ["before authorize", "after authorize", "before capture", "after capture"])
def test_a_repeated_call_continues_the_same_payment_after_a_crash(
        start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str, database: Transactions,
        bank: Bank, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def die() -> None:
        raise Crash

    def pay() -> None:
        choose(start(), "pay")
        told()

    with monkeypatch.context() as patch:
        watched = WatchedSandbox(database, moment, die)
        patch.setitem(provider_registry.PROVIDERS, "sandbox", lambda *_: watched)
        with pytest.raises(Crash):
            pay()
    if "authorize" in moment:
        choose(start(), "pay")
    bank.let_time_pass()
    told()
    room.finish_stale_work()

    assert room.get_status(order_id=order_id)["status"] == "captured"
    assert (bank.taken, bank.charges, events(database, order_id)) == (1200, 1, ["payment.captured"])


# --- lost answers ---


@pytest.mark.parametrize("trouble", ["lose_authorize", "time_out"])
def test_the_provider_is_asked_before_a_request_with_a_lost_answer_is_repeated(
         start: Start, room: Any, order_id: str, bank: Bank, trouble: Any) -> None:
    bank.will(trouble)
    with pytest.raises(RoomSilent):
        start()
    assert room.get_status(order_id=order_id)["status"] == "submitted"

    assert start()["status"] == "pending"
    assert bank.charges == 1


@pytest.mark.parametrize("trouble", ["lose_capture", "lose_fetch"])
def test_a_payment_whose_sync_lost_an_answer_is_synced_later(
        start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str, bank: Bank,
        trouble: Any) -> None:
    choose(start(), "pay")
    bank.will(trouble)
    told()
    assert room.get_status(order_id=order_id)["status"] == "pending"

    bank.let_time_pass()
    room.finish_stale_work()
    assert (room.get_status(order_id=order_id)["status"], bank.taken) == ("captured", 1200)


def test_a_payment_without_a_webhook_is_found_by_the_timer(
        start: Start, choose: Choose, room: Any, order_id: str, bank: Bank) -> None:
    bank.will("drop_webhook")
    choose(start(), "pay")
    room.finish_stale_work()
    assert room.get_status(order_id=order_id)["status"] == "pending"  # the buyer may still be there

    bank.let_time_pass()
    room.finish_stale_work()
    assert room.get_status(order_id=order_id)["status"] == "captured"


def test_a_question_for_the_status_makes_the_timer_ask_the_provider_soon(
        start: Start, choose: Choose, room: Any, order_id: str, bank: Bank) -> None:
    """A buyer is back from the page, and the webhook was lost."""
    bank.will("drop_webhook")
    choose(start(), "pay")
    for pause, asks, end in ((0, True, "pending"), (20, False, "pending"), (20, True, "captured")):
        bank.let_time_pass(pause)
        if asks:
            room.get_status(order_id=order_id)
        room.finish_stale_work()
        assert room.payments.state(order_id).attempt.status == end


def test_a_page_that_opens_after_closing_is_closed_at_once(
        start: Start, choose: Choose, room: Any, order_id: str, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(Sandbox):
        def authorize(self, attempt: Attempt) -> PaymentRecord:
            room.close(order_id=order_id)
            return super().authorize(attempt)

    with monkeypatch.context() as patch:
        patch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Late(database))
        with pytest.raises(PaymentClosed):
            start()

    payment_id = room.get_status(order_id=order_id)["payment_id"]
    choose({"payment_id": payment_id}, "pay")
    assert room.close(order_id=order_id)["captured"] == bank.taken == 0


def test_a_page_that_opens_after_another_method_was_chosen_is_closed(
         start: Start, room: Any, order_id: str, database: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"order_id": order_id, "amount": 1200, "currency": "EUR", "method": "sandbox"}
    opened = []

    class Slow(Sandbox):
        def authorize(self, attempt: Attempt) -> PaymentRecord:
            opened.append(attempt.payment_id)
            room.payments.close_page(room.payments.state(order_id))
            room.payments.begin(PaymentRequest(**asked))
            return super().authorize(attempt)

    with monkeypatch.context() as patch:
        patch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Slow(database))
        assert start()["redirect_url"] is None

    [page] = database.read(lambda tx: tx.execute(text("SELECT status FROM sandbox_charge WHERE payment_id = :p"),
                                                 {"p": opened[0]}).scalars().all())
    assert page == "cancelled"
    assert room.charge(**asked)["captured"] == 1200


def test_late_money_of_a_failed_attempt_is_refunded_to_that_payment(
         start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str, bank: Bank,
        database: Transactions) -> None:
    """The first attempt failed, the second is under way; then the first has taken the money after all."""
    first = start()
    choose(first, "decline")
    second = start()
    database.run(lambda tx: tx.execute(text("UPDATE sandbox_charge SET status = 'captured' WHERE payment_id = :p"),
                                       {"p": first["payment_id"]}))
    room.payments.sync_with_provider(first["payment_id"])
    assert room.get_status(order_id=order_id) == {
        "order_id": order_id, "payment_id": first["payment_id"], "status": "captured", "reason": None, "method": None,
        "captured": 1200, "refunded": 0, "currency": "EUR"}

    choose(second, "pay")
    told()
    room.close(order_id=order_id)
    room.refund(refund_id=order_id, order_id=order_id, amount=1200, currency="EUR")
    assert bank.taken == bank.given_back == 1200


def test_late_money_and_the_failure_before_it_are_both_announced(
        start: Start, database: Transactions, order_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the late money waits for the lock of the account, the attempt turns out to have failed."""
    payment, waits, payment_state = start()["payment_id"], threading.Event(), store.payment_state
    captured, failed = PaymentRecord("captured"), PaymentRecord("declined", reason="declined")

    def wait_for_the_account(*about: Any, **lock: bool) -> Any:
        waits.set()
        return payment_state(*about, **lock)

    def bad_news(tx: Connection) -> "Future[Any]":
        store.record_status(tx, payment, failed, utc_now())
        monkeypatch.setattr(store, "payment_state", wait_for_the_account)
        late = threads.submit(database.run, lambda other: store.record_status(other, payment, captured, utc_now()))
        assert waits.wait(20)
        return late

    with ThreadPoolExecutor(1) as threads:
        assert database.run(bad_news).result(20).captured == 1200
    assert sorted(events(database, order_id)) == ["payment.captured", "payment.failed"]


# --- the provider's record differs from the request ---


def test_late_money_of_a_wrong_amount_is_reviewed(
        start: Start, room: Any, order_id: str, bank: Bank, database: Transactions) -> None:
    payment = start()["payment_id"]
    room.close(order_id=order_id)
    database.run(lambda tx: tx.execute(text("UPDATE sandbox_charge SET status = 'captured', amount = 1100 "
                                            "WHERE payment_id = :p"), {"p": payment}))
    room.payments.sync_with_provider(payment)
    room.payments.sync_with_provider(payment)

    [status] = database.read(lambda tx: tx.execute(text("SELECT status FROM payment WHERE payment_id = :p"),
                                                   {"p": payment}).scalars().all())
    assert (status, events(database, order_id)) == ("review", ["payment.review"])


def test_money_reserved_for_an_ended_attempt_is_released_whatever_its_amount(
         start: Start, room: Any, order_id: str, database: Transactions) -> None:
    payment = start()["payment_id"]
    room.close(order_id=order_id)
    database.run(lambda tx: tx.execute(text("UPDATE sandbox_charge SET status = 'authorized', amount = 1100 "
                                            "WHERE payment_id = :p"), {"p": payment}))
    room.payments.sync_with_provider(payment)

    [left] = database.read(lambda tx: tx.execute(text("SELECT status FROM sandbox_charge WHERE payment_id = :p"),
                                                 {"p": payment}).scalars().all())
    assert (left, events(database, order_id)) == ("cancelled", [])


@pytest.mark.parametrize(("wrong", "reason"), [
    ({"amount": 1100}, "wrong_amount"), ({"amount": 1300}, "wrong_amount"), ({"currency": "GBP"}, "wrong_currency"),
    ({"live": True}, "wrong_mode"), ({"order_id": "another"}, "foreign_reference"),
    ({"payment_id": "another"}, "foreign_reference"), ({"reference": "another"}, "foreign_reference")])
def test_money_that_differs_from_the_request_is_reviewed_and_never_taken(
         start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str, bank: Bank,
        database: Transactions, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], reason: str) -> None:
    class Odd(Sandbox):
        def fetch(self, attempt: Attempt) -> PaymentRecord:
            return replace(super().fetch(attempt), **wrong)

    choose(start(), "pay")
    with monkeypatch.context() as patch:
        patch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Odd(database))
        told()
    told()

    assert room.get_status(order_id=order_id)["status"] == "review"
    assert (bank.taken, events(database, order_id)) == (0, ["payment.review"])
    with pytest.raises(PaymentInReview):
        start()
    with pytest.raises(RoomSilent):
        room.close(order_id=order_id)
    assert room.get_status(order_id=order_id)["status"] == "review"
    [stored] = database.read(lambda tx: tx.execute(
        text("SELECT reason FROM payment WHERE order_id = :o"), {"o": order_id}).scalars().all())
    assert stored == reason


@pytest.mark.parametrize("other", [{"amount": 1300}, {"currency": "GBP"}])
def test_an_order_is_paid_with_one_amount_only(start: Start, other: dict[str, Any]) -> None:
    start()
    with pytest.raises(AmountMismatch):
        start(**other)
