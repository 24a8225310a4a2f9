"""No race gets an account more unpaid orders or seats than the house allows; without the unique key, one does."""

from collections import Counter

import eventlet
import pytest
from sqlalchemy import Engine, text

from services.foundation.database import Transactions
from tests.integration.order.purchases import purchase

AT_ONCE = 12


def rush(database: Transactions, seats: int) -> Counter[str]:
    return Counter(thread.wait() for thread in [eventlet.spawn(purchase, database, seats) for _ in range(AT_ONCE)])


def held(database: Transactions) -> tuple[int, int]:
    """How many unpaid orders there are, and how many seats they have."""
    query = "SELECT COUNT(*), COALESCE(SUM(JSON_LENGTH(seats)), 0) FROM orders WHERE unpaid_slot IS NOT NULL"
    orders, seats = database.read(lambda tx: tx.execute(text(query)).one())
    return int(orders), int(seats)


@pytest.mark.parametrize(("seats", "orders"), [(1, 4), (8, 2), (5, 3)])
def test_no_rush_of_one_account_holds_more_than_the_house_allows(database: Transactions, seats: int,
                                                                 orders: int) -> None:
    assert rush(database, seats) == {"bought": orders, "too_many_holds": AT_ONCE - orders}
    assert held(database) == (orders, orders * seats)


def test_without_the_unique_key_a_rush_holds_more(database: Transactions, engine: Engine) -> None:
    with engine.begin() as tx:
        tx.execute(text("ALTER TABLE orders DROP INDEX one_order_a_number"))
    try:
        rush(database, 8)
        assert held(database) > (2, 16)
    finally:
        with engine.begin() as tx:
            tx.execute(text("DELETE FROM orders"))
            tx.execute(text("ALTER TABLE orders ADD UNIQUE KEY one_order_a_number (buyer_id, buyer_number)"))


def test_staff_and_other_accounts_are_not_kept_from_buying(database: Transactions) -> None:
    rush(database, 8)
    assert [purchase(database, 8, buyer="cashier", limits=None) for _ in range(6)] == ["bought"] * 6
    assert purchase(database, 8, buyer="grace") == "bought"


def test_an_account_that_lets_its_orders_end_has_to_pause(database: Transactions) -> None:
    for _ in range(4):
        assert purchase(database, 1) == "bought"
        database.run(lambda tx: tx.execute(text(
            "UPDATE orders SET status = 'cancelled', end_reason = 'asked', unpaid_slot = NULL, "
            "changed_at = UTC_TIMESTAMP(3)")))
    assert purchase(database, 1) == "holds_paused"
    assert purchase(database, 1, buyer="grace") == "bought"
