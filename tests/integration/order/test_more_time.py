"""A buyer gets more time once, whatever races; without the rule again and again, without the sweep's check none."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from eventlet.event import Event
from sqlalchemy import text

from schemas import payment
from schemas.errors import Refusal
from schemas.order.refusals import OrderExpired, OrderNotPayable
from services.foundation.database import Transactions
from services.order import rules, store
from services.order.paying import extensions, unpaid_orders
from services.order.paying.extensions import Extensions
from services.order.paying.payments import PaymentChoice, Payments
from services.order.paying.unpaid_orders import UnpaidOrders
from tests.integration.order.purchases import NO_KEY, purchase
from tests.unit.order.samples import MINUTE

AT_ONCE = 8
SETTINGS: Any = SimpleNamespace(extension=5 * MINUTE, pay=15 * MINUTE)


class Boards:
    """Remembers until when each hold was shown."""

    def __init__(self) -> None:
        self.held: list[Any] = []

    def publish_held(self, screening_id: str, owner: str, until: Any, seats: list[str]) -> None:
        self.held.append(until)

    def publish_free(self, *seats: Any) -> None:
        self.held.append(None)


@pytest.fixture
def boards() -> Boards:
    return Boards()


@pytest.fixture
def order_id(database: Transactions) -> str:
    assert purchase(database, 2) == "bought"
    return str(order(database).order_id)


def order(database: Transactions) -> Any:
    return database.read(lambda tx: tx.execute(text(
        "SELECT order_id, status, extended, version, created_at, expires_at, "
        "(SELECT COUNT(*) FROM seat_claim) AS claims, (SELECT COUNT(*) FROM outbox) AS events FROM orders")).one())


def extend(database: Transactions, boards: Any, order_id: str) -> str:
    try:
        Extensions(database, boards, SETTINGS).extend(NO_KEY, "ada", order_id)
    except Refusal as refusal:
        return refusal.code
    return "extended"


def rush(database: Transactions, boards: Boards, order_id: str) -> Counter[str]:
    threads = [eventlet.spawn(extend, database, boards, order_id) for _ in range(AT_ONCE)]
    return Counter(thread.wait() for thread in threads)


def sweep(database: Transactions, boards: Any, order_id: str) -> None:
    UnpaidOrders(database, boards, None, None).end(order_id)  # type: ignore[arg-type]


def test_of_many_who_ask_at_once_one_gets_more_time_and_board_and_table_agree(
    database: Transactions, boards: Boards, order_id: str,
) -> None:
    before = order(database)
    assert rush(database, boards, order_id) == {"extended": 1, "order_not_extendable": AT_ONCE - 1}
    after = order(database)
    assert after.expires_at - before.expires_at == 5 * MINUTE
    assert (after.version, after.events) == (2, 2)  # each change has its event
    assert [until.replace(tzinfo=None) for until in boards.held] == [after.expires_at]


def test_without_the_rule_a_hold_lives_on_and_on(database: Transactions, boards: Boards, order_id: str,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "check_extendable", lambda *order: None)
    before = order(database)
    rush(database, boards, order_id)
    assert order(database).expires_at - before.expires_at > 5 * MINUTE


def test_a_sweep_that_comes_late_leaves_an_extended_order_and_one_without_its_check_ends_it(
    database: Transactions, boards: Boards, order_id: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert extend(database, boards, order_id) == "extended"
    sweep(database, boards, order_id)
    assert (order(database).status, order(database).claims) == ("created", 2)
    monkeypatch.setattr(rules, "is_dead", lambda *order: True)
    sweep(database, boards, order_id)
    assert (order(database).status, order(database).claims) == ("expired", 0)


@pytest.mark.parametrize("guarded", [True, False])
def test_a_sweep_waits_for_more_time_before_it_closes_a_payment_and_without_the_lock_closes_it_for_good(
    database: Transactions, boards: Boards, order_id: str, guarded: bool, monkeypatch: pytest.MonkeyPatch,
) -> None:
    database.run(lambda tx: store.move(tx, store.lock(tx, order_id), "paying"))
    deadline = database.read(lambda tx: store.find(tx, order_id)).row.expires_at
    monkeypatch.setattr(extensions, "utc_now", lambda: deadline - MINUTE)
    monkeypatch.setattr(unpaid_orders, "utc_now", lambda: deadline)     # it is over before the other has committed
    has_checked, may_commit, closed = Event(), Event(), list[Any]()

    def wait(tx: Any, reply: Any) -> None:
        has_checked.send()
        may_commit.wait()

    key: Any = SimpleNamespace(raise_if_answered=lambda tx: None, store_reply=wait)
    extending = eventlet.spawn(Extensions(database, boards, SETTINGS).extend, key, "ada", order_id)
    has_checked.wait()
    if not guarded:
        monkeypatch.setattr(store, "lock", store.find)
    remote: Any = SimpleNamespace(call=lambda method, fields: closed.append(method) or {"captured": 0})
    sweeping = eventlet.spawn(UnpaidOrders(database, boards, remote, None).end, order_id)  # type: ignore[arg-type]
    eventlet.sleep(0.2)
    may_commit.send()
    extending.wait()
    try:
        sweeping.wait()
    except AssertionError:
        assert not guarded      # the row had changed: without the lock only the order's version saves it

    after = order(database)
    assert (after.status, after.extended, after.expires_at) == (
        "paying", True, (deadline + 5 * MINUTE).replace(tzinfo=None))
    assert closed == ([] if guarded else [payment.CLOSE])


def test_an_order_whose_payment_is_closed_is_refused_with_what_became_of_it(
    database: Transactions, boards: Boards, order_id: str,
) -> None:
    def pay() -> OrderNotPayable:
        with pytest.raises(OrderNotPayable) as refusal:
            Payments(database, boards, remote, SETTINGS, None).pay(  # type: ignore[arg-type]
                NO_KEY, "ada", order_id, PaymentChoice("card", "/back"))
        return refusal.value

    def close_and(change: str) -> Any:
        def call(method: Any, fields: Any) -> Any:
            assert method is payment.START
            database.run(lambda tx: tx.execute(text("UPDATE orders SET " + change)))    # by somebody else meanwhile
            raise payment.PaymentClosed()
        return call

    remote: Any = SimpleNamespace()
    for change, about in (("version = version + 1", "paying"), ("status = 'cancelled'", "cancelled")):
        database.run(lambda tx: tx.execute(text("UPDATE orders SET status = 'paying'")))
        remote.call = close_and(change)
        refusal = pay()
        assert (refusal.code, refusal.about) == ("order_not_payable", {"order_status": about})
    database.run(lambda tx: tx.execute(text("UPDATE orders SET status = 'paying'")))
    remote.call = close_and("expires_at = created_at")
    assert isinstance(pay(), OrderExpired)


def test_an_order_that_is_over_gets_no_more_time(database: Transactions, boards: Boards, order_id: str) -> None:
    database.run(lambda tx: tx.execute(text("UPDATE orders SET expires_at = created_at")))
    assert extend(database, boards, order_id) == OrderExpired.code
    assert (order(database).extended, boards.held) == (0, [])
    sweep(database, boards, order_id)
    assert extend(database, boards, order_id) == OrderExpired.code
