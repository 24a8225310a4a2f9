"""Reconciliation finds what was lost between the room and a provider, and puts it right or reports it."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from schemas.errors import RoomSilent
from services.foundation.database import Transactions
from services.foundation.ids import new_id
from services.payment import provider_registry, store
from services.payment.sandbox.provider import Sandbox
from tests.drivers.checkout_page import paid_at_the_provider
from tests.drivers.sandbox_bank import Bank, reconcile
from tests.integration.payment.conftest import Change

pytestmark = pytest.mark.usefixtures("empty_books")


@pytest.fixture
def later(database: Transactions, change: Change) -> Callable[[], list[str]]:
    """The differences found an hour later."""
    def compare() -> list[str]:
        for table in ("payment", "refund", "sandbox_charge", "sandbox_refund"):
            change(f"UPDATE {table} SET created_at = created_at - INTERVAL 1 HOUR")
        return [str(line) for line in reconcile(database)]

    return compare


@pytest.fixture
def charged(room: Any, order_id: str) -> str:
    """A captured payment of the order."""
    return str(room.charge(order_id=order_id, amount=1200, currency="EUR", method="sandbox")["payment_id"])


@pytest.fixture
def take_again(change: Change, charged: str, order_id: str) -> Callable[[str], str]:
    """The provider takes the order's money again, for an attempt with this status here."""
    def take(status: str) -> str:
        second = new_id()
        change("INSERT INTO payment (payment_id, order_id, attempt, provider, method, amount, currency, status, "
               "created_at, tried_at) SELECT :p, order_id, 2, provider, method, amount, currency, :s, created_at, "
               "tried_at FROM payment WHERE order_id = :o", p=second, s=status, o=order_id)
        change("INSERT INTO sandbox_charge (payment_id, order_id, amount, currency, status, refunded, created_at, "
               "wrong_codes) SELECT :p, order_id, amount, currency, 'captured', 0, created_at, 0 FROM sandbox_charge "
               "WHERE payment_id = :first", p=second, first=charged)
        return second

    return take


def test_equal_records_have_no_differences(
        room: Any, charged: str, order_id: str, later: Callable[[], list[str]]) -> None:
    room.refund(refund_id=new_id(), order_id=order_id, amount=300, currency="EUR")
    room.close(order_id=new_id())
    assert later() == []


def test_a_payment_without_a_webhook_becomes_a_paid_order(
        database: Transactions, room: Any, later: Callable[[], list[str]]) -> None:
    paid = paid_at_the_provider(database, 3)
    assert [line.split()[0] for line in later()] == ["fixed"] * 3
    assert {status(database, payment) for payment in paid} == {"captured"}
    assert later() == []


def test_a_decline_without_a_webhook_ends_the_attempt(database: Transactions, later: Callable[[], list[str]]) -> None:
    [payment] = paid_at_the_provider(database, 1, "declined")
    assert "was pending, and is failed" in later()[0]
    assert status(database, payment) == "failed"


def test_a_young_payment_is_left_alone(database: Transactions) -> None:
    paid_at_the_provider(database, 1)
    assert reconcile(database) == []


def test_a_duplicate_payment_is_refunded_once(
        database: Transactions, room: Any, order_id: str, bank: Bank, later: Callable[[], list[str]],
        take_again: Callable[[str], str]) -> None:
    """The provider had cancelled a second attempt, and then took its money all the same."""
    second = take_again("cancelled")
    assert bank.taken == 2400

    assert later() == [f"fixed  payment {second} of order {order_id} was cancelled, and is returned"]
    bank.let_time_pass()
    room.finish_stale_work()

    assert (bank.given_back, room.get_status(order_id=order_id)["captured"]) == (1200, 1200)
    assert database.read(lambda tx: tx.execute(text("SELECT refund_id FROM sandbox_refund")).scalars().all()) == [
        f"dup:{second}"]
    assert later() == []


def test_two_recorded_captures_of_one_order_are_noticed(
        order_id: str, later: Callable[[], list[str]], take_again: Callable[[str], str]) -> None:
    second = take_again("captured")

    assert later() == [f"fixed  order {order_id} was paid twice; payment {second} goes back"]
    assert later() == [f"fixed  refund dup:{second} of order {order_id} was requested, and is done"]
    assert later() == []


def test_money_reserved_for_an_ended_attempt_is_released(
        database: Transactions, bank: Bank, change: Change, later: Callable[[], list[str]]) -> None:
    [payment] = paid_at_the_provider(database, 1)
    change("UPDATE payment SET status = 'cancelled' WHERE payment_id = :p", p=payment)

    later()
    [left] = database.read(lambda tx: tx.execute(text("SELECT status FROM sandbox_charge")).scalars().all())
    assert left == "cancelled"
    assert later() == []


@pytest.mark.parametrize(("query", "told"), [
    ("DELETE FROM sandbox_charge", "is captured here and unknown there"),
    ("UPDATE sandbox_charge SET status = 'declined'", "is captured here and declined there"),
    ("INSERT INTO sandbox_charge (payment_id, order_id, amount, currency, status, refunded, created_at, wrong_codes) "
     "VALUES ('stray', 'o', 5, 'EUR', 'captured', 0, UTC_TIMESTAMP(), 0)", "of which we know nothing"),
    ("INSERT INTO sandbox_refund (refund_id, payment_id, amount, created_at) VALUES ('stray', 'p', 5, UTC_TIMESTAMP())",
     "of which we know nothing"),
    ("UPDATE payment SET status = 'review', reason = 'wrong_amount'", "waits for a review: wrong_amount"),
])
def test_an_open_difference_is_reported_each_time(
        charged: str, change: Change, later: Callable[[], list[str]], query: str, told: str) -> None:
    change(query)
    for _ in range(2):
        assert [line for line in later() if line.startswith("LEFT") and told in line]


@pytest.mark.parametrize(("query", "told"), [
    ("DELETE FROM sandbox_refund", "is done here and unknown there"),
    ("UPDATE sandbox_refund SET amount = 299", "is EUR 3.00 here and EUR 2.99 there")])
def test_a_refund_missing_at_the_provider_is_reported(
        room: Any, charged: str, order_id: str, change: Change, later: Callable[[], list[str]], query: str,
        told: str) -> None:
    room.refund(refund_id=new_id(), order_id=order_id, amount=300, currency="EUR")
    change(query)
    assert [line for line in later() if line.startswith("LEFT") and told in line]


def test_a_refund_that_was_never_sent_is_sent(
        room: Any, charged: str, order_id: str, bank: Bank, change: Change, later: Callable[[], list[str]]) -> None:
    refund_id = new_id()
    room.refund(refund_id=refund_id, order_id=order_id, amount=300, currency="EUR")
    change("DELETE FROM sandbox_refund")
    change("UPDATE refund SET status = 'requested'")
    assert later() == [f"fixed  refund {refund_id} of order {order_id} was requested, and is done"]
    assert bank.given_back == 300
    assert later() == []


def test_a_silent_provider_is_reported(
        charged: str, later: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(Sandbox):
        def payments(self, since: dt.datetime) -> Any:
            raise RoomSilent(room="sandbox")

    monkeypatch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Silent(database))
    assert later() == ["LEFT   sandbox does not answer: nothing is known of its payments"]


def test_a_payment_captured_here_and_cancelled_there_is_left_for_a_person(charged: str, order_id: str, change: Change,
                                                                         later: Callable[[], list[str]],
                                                                         database: Transactions) -> None:
    change("UPDATE sandbox_charge SET status = 'cancelled'")
    for _ in range(2):
        assert later() == [f"LEFT   payment {charged} of order {order_id} is captured here and cancelled there"]
    assert status(database, charged) == "captured"


def test_a_young_refund_is_left_alone(room: Any, charged: str, order_id: str, bank: Bank, change: Change,
                                      database: Transactions) -> None:
    """The process that requested it is sending it."""
    room.refund(refund_id=new_id(), order_id=order_id, amount=300, currency="EUR")
    change("DELETE FROM sandbox_refund")
    change("UPDATE refund SET status = 'requested'")
    assert reconcile(database) == []
    assert bank.given_back == 0


@pytest.mark.full_size("integration/payment/test_reconciliation.py")
def test_four_simultaneous_reconciliations_correct_everything_once(
        database: Transactions, change: Change, room: Any, bank: Bank) -> None:
    payments = paid_at_the_provider(database, 30)
    change("UPDATE payment SET created_at = created_at - INTERVAL 1 HOUR")
    change("UPDATE payment SET status = 'cancelled' WHERE payment_id IN :p", p=tuple(payments[:10]))
    change("UPDATE sandbox_charge SET status = 'captured' WHERE payment_id IN :p", p=tuple(payments[:10]))

    with ThreadPoolExecutor(4) as comparers:
        found = [line for lines in comparers.map(lambda _: reconcile(database), range(4)) for line in lines]

    assert [str(line) for line in found if line.is_open] == []
    counts = database.read(lambda tx: tx.execute(text(
        "SELECT (SELECT COUNT(*) FROM sandbox_charge WHERE status = 'captured'), (SELECT COUNT(*) FROM outbox), "
        "(SELECT COUNT(*) FROM refund)")).one())
    assert tuple(counts) == (30, 30, 0)  # late money is told of; what is made of it, the order room decides


def status(database: Transactions, payment_id: str) -> str:
    attempt = database.read(lambda tx: store.attempt(tx, payment_id))
    assert attempt
    return attempt.status


