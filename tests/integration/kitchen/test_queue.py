"""What the people in the kitchen have before them: what is needed next, and nothing that nobody will fetch any more."""

import datetime as dt

import pytest

from schemas import order
from services.foundation.database import Transactions, utc_now
from services.kitchen import rules, store
from tests.integration.kitchen.conftest import paid, put_on_the_menu

EVENING = utc_now() + dt.timedelta(hours=3)
LONG_AGO = EVENING - dt.timedelta(days=2)


def take_up(kitchen: Transactions, order_id: str, starts_at: dt.datetime) -> None:
    body = order.PAID.load(paid(order_id, starts_at))["body"]
    kitchen.run(lambda tx: store.take_up(tx, body, rules.needed_at(starts_at, dt.timedelta(minutes=10))))


def queue(kitchen: Transactions) -> list[str]:
    """The orders in it, the first needed first."""
    tickets = kitchen.read(lambda tx: store.queue(tx, "kanal", rules.WAITING, utc_now() - rules.LET_GO_AFTER))
    return [ticket["order_id"] for ticket in tickets]


def codes(kitchen: Transactions) -> set[str]:
    """Those that no other guest can have now."""
    with kitchen.engine.connect() as tx:
        return set(tx.exec_driver_sql("SELECT waiting_code FROM ticket WHERE waiting_code IS NOT NULL").scalars())


def test_what_is_needed_first_is_at_the_head_whoever_paid_first(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    for order_id, hours in (("late", 2), ("first", 0), ("middle", 1)):
        take_up(kitchen, order_id, EVENING + dt.timedelta(hours=hours))

    assert queue(kitchen) == ["first", "middle", "late"]


def test_popcorn_that_nobody_fetched_does_not_stand_before_tonights(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=999)
    for number in range(store.QUEUE_AT_MOST):
        take_up(kitchen, f"forgotten{number}", LONG_AGO)
    take_up(kitchen, "tonight", EVENING)

    assert queue(kitchen) == ["tonight"]


def test_the_code_of_a_guest_who_never_came_is_free_for_the_next(kitchen: Transactions,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    monkeypatch.setattr(rules, "pick_up_code", lambda: "K472")
    take_up(kitchen, "forgotten", LONG_AGO)
    with pytest.raises(AssertionError, match="run out of pick-up codes"):
        take_up(kitchen, "tonight", EVENING)

    kitchen.run(lambda tx: store.let_go_of_codes(tx, utc_now() - rules.LET_GO_AFTER))
    take_up(kitchen, "tonight", EVENING)

    assert codes(kitchen) == {"K472"}
    kitchen.run(lambda tx: store.let_go_of_codes(tx, utc_now() - rules.LET_GO_AFTER))
    assert codes(kitchen) == {"K472"}  # of who is still to come
