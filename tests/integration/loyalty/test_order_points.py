"""Points of orders: each earns and gives back once, whatever comes twice, late or out of order."""

import itertools
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from operations.checks.loyalty import points_fit_their_entries
from schemas import order
from schemas.base import Event
from services.foundation.database import Transactions
from services.foundation.events.consumers import Delivery
from services.loyalty import order_points, store
from services.loyalty.service import Loyalty
from tests.drivers.dying_consumers import Dying, bring
from tests.integration.loyalty.conftest import balances, deliver, entries, order_event
from tests.integration.loyalty.crowds import crowd
from tests.sizes import Size

CONTROL_ORDERS, AT_ONCE = 60, 8
PAID = order_event(order.PAID, "o", 3)
SEAT_BACK = order_event(order.PART_REFUNDED, "o", 4, refunded=500, reason="asked")
ALL_BACK = order_event(order.REFUNDING, "o", 5, refunded=1500, reason="screening_cancelled")
GONE = order_event(order.REFUNDED, "o", 6, refunded=1900, snacks_refunded=400, reason="screening_cancelled")
STORY: list[tuple[Event, Delivery]] = [(order.PAID, PAID), (order.PART_REFUNDED, SEAT_BACK),
                                       (order.REFUNDING, ALL_BACK), (order.REFUNDED, GONE)]


@pytest.mark.parametrize(("heard", "points"), [(1, 190), (2, 140), (3, 40), (4, 0)])
def test_events_in_any_order_come_to_the_same_points(room: Loyalty, loyalty: Transactions, heard: int,
                                                     points: int) -> None:
    for number, sequence in enumerate(itertools.permutations(STORY[:heard])):
        for event, delivery in sequence:
            mine = order_event(event, f"o{number}", delivery.sequence,
                               **{name: delivery.body[name] for name in ("refunded", "snacks_refunded", "reason")},
                               buyer_id=f"m{number}")
            deliver(room, event, mine)
            deliver(room, event, mine)
    assert set(balances(loyalty).values()) == {(points, points)}
    assert loyalty.read(store.differences) == []


def test_a_member_sees_why_points_came_and_went(room: Loyalty, loyalty: Transactions) -> None:
    for event, delivery in STORY:
        deliver(room, event, delivery)
    assert entries(loyalty) == [("earned", 190, "paid"), ("taken_back", -50, "asked"),
                                ("taken_back", -100, "screening_cancelled"), ("taken_back", -40, "screening_cancelled")]


def test_nothing_is_booked_of_an_order_that_was_never_paid(room: Loyalty, loyalty: Transactions) -> None:
    for event, delivery in STORY[1:]:
        deliver(room, event, delivery)
    assert entries(loyalty) == []
    deliver(room, order.PAID, PAID)
    assert [points for _, points, _ in entries(loyalty)] == [190, -190]


def test_an_order_in_a_currency_without_a_rule_earns_nothing(room: Loyalty, loyalty: Transactions) -> None:
    deliver(room, order.PAID, order_event(order.PAID, "o", 3, currency="CNY"))
    assert entries(loyalty) == []


def test_redeemed_points_that_are_taken_back_leave_a_balance_below_zero(room: Loyalty, loyalty: Transactions) -> None:
    deliver(room, order.PAID, PAID)
    loyalty.run(lambda tx: store.add_points(tx, "ada", -190, lifetime=0))
    for event, delivery in STORY[1:]:
        deliver(room, event, delivery)
    assert balances(loyalty) == {"ada": (-190, 0)}
    [breach] = points_fit_their_entries(_Snapshot(loyalty))  # type: ignore[arg-type]
    assert "ada" in breach


class _Snapshot:
    since = None

    def __init__(self, loyalty: Transactions) -> None:
        self.loyalty = loyalty.engine


# --- a crowd of orders ---


def play(room: Loyalty, events: list[tuple[Event, Delivery]]) -> int:
    """Bring the events, each until its consumer survives it; how many have died."""
    with ThreadPoolExecutor(AT_ONCE) as consumers:
        return sum(consumers.map(lambda each: bring(partial(deliver, room, *each)), events))


def test_a_crowd_of_orders_comes_to_the_points_of_its_money(room: Loyalty, loyalty: Transactions, seed: int,
                                                            size: Size) -> None:
    expected = crowd(random.Random(seed), size.orders)
    room.database = Dying(loyalty.engine)  # type: ignore[assignment]
    assert play(room, expected.events) > 0
    assert {user_id: balance for user_id, (balance, _) in balances(loyalty).items()} == expected.points
    assert loyalty.read(store.differences) == []


@pytest.fixture
def no_key(loyalty: Transactions) -> Iterator[None]:
    """A source may have two entries of one kind."""
    with loyalty.engine.begin() as tx:
        tx.exec_driver_sql("ALTER TABLE entry DROP INDEX booked_once")
    yield
    with loyalty.engine.begin() as tx:
        tx.exec_driver_sql("DELETE FROM entry")
        tx.exec_driver_sql("ALTER TABLE entry ADD UNIQUE KEY booked_once (source_id, kind)")


@pytest.mark.full_size("integration/loyalty/test_order_points.py", "integration/model/test_missing_guards.py")
@pytest.mark.usefixtures("no_key")
def test_points_are_booked_twice_without_the_guards(room: Loyalty, loyalty: Transactions, seed: int,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: no key, and nobody waits for the order's row. Copies of an event come together."""
    def do_not_lock(tx: Any, row: dict[str, Any]) -> Any:
        return tx.execute(select(store.orders).where(store.orders.c.order_id == row["order_id"])).one()

    expected = crowd(random.Random(seed), CONTROL_ORDERS)
    for _, delivery in expected.events:
        loyalty.run(lambda tx, d=delivery: order_points.heard_of(tx, room.settings, d.body))  # type: ignore[misc]
    monkeypatch.setattr(store, "lock_order", do_not_lock)
    play(room, sorted(expected.events, key=lambda each: each[1].event_id))
    assert {user_id: balance for user_id, (balance, _) in balances(loyalty).items()} != expected.points
