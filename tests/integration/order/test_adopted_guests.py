"""An account adopts all orders of a guest, also one that is being written; without the guard, that one stays behind."""

from typing import Any

import eventlet
import pytest
from sqlalchemy import text

from services.foundation.database import Transactions
from services.order.buying import purchase as buying
from services.order.guests import store
from services.order.guests.guests import Guests
from services.order.holding import hold_limits
from tests.integration.order.purchases import LIMITS, purchase

ONE = hold_limits.of_a_guest(LIMITS)


def owners(database: Transactions) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in database.read(lambda tx: tx.execute(text(
        "SELECT buyer_id, guest, buyer_number, version FROM orders"))).all()}


def adopt(database: Transactions) -> None:
    Guests(database, None).adopt("guest", "ada")  # type: ignore[arg-type]


def buy_while_an_account_adopts(database: Transactions, monkeypatch: pytest.MonkeyPatch) -> str:
    """The outcome of a guest's purchase whose transaction is open while an account adopts the guest."""
    add_order, written = buying.store.add_order, eventlet.event.Event()

    def add_slowly(tx: Any, order: Any) -> None:
        add_order(tx, order)
        written.send()
        eventlet.sleep(0.3)

    monkeypatch.setattr(buying.store, "add_order", add_slowly)
    buyer = eventlet.spawn(purchase, database, 2, "guest", ONE, guest=True)
    written.wait()
    adopt(database)
    return str(buyer.wait())


def test_an_order_that_is_being_written_is_adopted_as_well(database: Transactions,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    assert buy_while_an_account_adopts(database, monkeypatch) == "bought"
    assert owners(database) == {("ada", 0, 1, 2)}


def test_without_the_lock_it_stays_with_a_guest_who_is_gone(database: Transactions,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "check_not_adopted", lambda tx, guest_id: None)
    assert buy_while_an_account_adopts(database, monkeypatch) == "bought"
    assert owners(database) == {("guest", 1, 1, 1)}


def test_a_guest_who_was_adopted_buys_no_more_and_adopting_again_changes_nothing(database: Transactions) -> None:
    assert purchase(database, 2, "guest", ONE, guest=True) == "bought"
    for _ in range(3):
        adopt(database)
    assert owners(database) == {("ada", 0, 1, 2)}
    assert purchase(database, 2, "guest", ONE, guest=True) == "unauthenticated"


def test_adopted_orders_come_after_those_of_the_account_even_if_it_holds_all_it_may(database: Transactions) -> None:
    for _ in range(4):
        assert purchase(database, 1, "ada") == "bought"
    assert purchase(database, 1, "guest", ONE, guest=True) == "bought"
    database.run(lambda tx: tx.execute(text("UPDATE orders SET screening_id = 's' WHERE buyer_number = 1")))
    adopt(database)
    rows = database.read(lambda tx: tx.execute(text(
        "SELECT buyer_number, unpaid_slot FROM orders WHERE buyer_id = 'ada' AND screening_id = 's'")).all())
    assert sorted(map(tuple, rows)) == [(1, 1), (5, 2)]
    assert purchase(database, 1, "ada") == "too_many_holds"


def test_a_rush_of_one_guest_holds_one_order(database: Transactions) -> None:
    crowd = [eventlet.spawn(purchase, database, 1, "guest", ONE, guest=True) for _ in range(8)]
    assert sorted(thread.wait() for thread in crowd) == ["bought"] + ["too_many_holds"] * 7
