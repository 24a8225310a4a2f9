"""A cook begins while a buyer gives back: whoever comes second to the ticket finds what the first one did."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Row, select
from sqlalchemy.engine import Connection

from operations.checks.stock import stock_adds_up
from schemas import kitchen as contract
from schemas.kitchen import KitchenStepTaken
from services.foundation.database import Transactions
from services.kitchen import staff, store, tickets
from tests.integration.kitchen.conftest import SAM, START, heard, put_on_the_menu
from tests.integration.kitchen.reservations import snacks_left

Act = Callable[[Connection], Any]


@pytest.fixture
def bought(kitchen: Transactions) -> Transactions:
    """The last popcorn is order o1's, which is paid."""
    put_on_the_menu(kitchen, popcorn=1)
    kitchen.run(lambda tx: tickets.take_up(tx, heard("o1").body, START))
    assert snacks_left(kitchen) == {"popcorn": 0}
    return kitchen


def begin(tx: Connection) -> str:
    """Begin to prepare the snacks."""
    return str(staff.step(tx, SAM, contract.START, "o1", "new", "preparing")["status"])


def give_up(tx: Connection) -> bool:
    """Give the snacks back; whether that was in time."""
    return tickets.give_up(tx, "o1")


@pytest.fixture
def came(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when somebody comes to a ticket."""
    came, lock = threading.Event(), store.lock_if_known

    def come(tx: Connection, order_id: str) -> Row[Any] | None:
        came.set()
        return lock(tx, order_id)

    monkeypatch.setattr(store, "lock_if_known", come)
    return came


def at_once(kitchen: Transactions, first: Act, second: Act, came: threading.Event) -> tuple[Any, Future[Any]]:
    """What the first one is told, and the second one, who comes before the first one's COMMIT."""
    def act(tx: Connection) -> tuple[Any, Future[Any]]:
        told = first(tx)
        came.clear()
        late = threads.submit(kitchen.run, second)
        assert came.wait(20)
        return told, late

    with ThreadPoolExecutor(1) as threads:
        return kitchen.run(act)


def test_snacks_that_a_cook_has_just_begun_are_not_given_back(bought: Transactions, came: threading.Event) -> None:
    begun, given_back = at_once(bought, begin, give_up, came)
    assert (begun, given_back.result()) == ("preparing", False)
    assert snacks_left(bought) == {"popcorn": 0}
    assert bought.read(stock_adds_up) == []


def test_snacks_that_have_just_been_given_back_are_not_begun(bought: Transactions, came: threading.Event) -> None:
    in_time, begun = at_once(bought, give_up, begin, came)
    assert in_time
    with pytest.raises(KitchenStepTaken) as refusal:
        begun.result()
    assert refusal.value.about == {"step": "given_up"}
    assert snacks_left(bought) == {"popcorn": 1}
    assert bought.read(stock_adds_up) == []


def test_without_the_lock_the_second_one_acts_on_what_was_before(
        bought: Transactions, came: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    def look(tx: Connection, order_id: str) -> Row[Any] | None:
        found = tx.execute(select(store.tickets).where(store.tickets.c.order_id == order_id)).first()
        came.set()
        return found

    monkeypatch.setattr(store, "lock_if_known", look)
    _, given_back = at_once(bought, begin, give_up, came)
    with pytest.raises(AssertionError, match="was not locked"):
        given_back.result()
