"""A cook and a refund that meet at one ticket: the second one waits, and goes by what the first has done."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest
from sqlalchemy import Row, select
from sqlalchemy.engine import Connection

from operations.checks.stock import stock_adds_up
from schemas import order
from schemas.kitchen import START, KitchenStepTaken
from services.foundation.database import Transactions, utc_now
from services.kitchen import reservations, rules, staff, stock, store, tickets
from tests.integration.kitchen.conftest import MINUTE, SAM, paid, put_on_the_menu
from tests.integration.kitchen.reservations import snacks_left, wanted

LOCKED_SECONDS = 0.2    # the other one would be done by then if it did not wait


@pytest.fixture
def sold(kitchen: Transactions) -> str:
    """A paid order with one of five popcorns."""
    put_on_the_menu(kitchen, popcorn=5)
    kitchen.run(lambda tx: reservations.reserve(tx, wanted("o1", popcorn=1)))
    body = order.PAID.load(paid("o1", utc_now() + 30 * MINUTE))["body"]
    kitchen.run(lambda tx: tickets.take_up(tx, body, rules.needed_at(body["screening"]["starts_at"], 10 * MINUTE)))
    return "o1"


def start(kitchen: Transactions, order_id: str, check: Any = None) -> str:
    """The cook begins; the step at which the ticket is then."""
    try:
        return str(kitchen.run(
            lambda tx: staff.step(tx, SAM, START, order_id, "new", "preparing", check))["status"])
    except KitchenStepTaken as refusal:
        return str(refusal.about["step"])


def give_up(kitchen: Transactions, order_id: str) -> bool:
    """The order is refunded; whether the snacks are, too."""
    return bool(kitchen.run(lambda tx: tickets.give_up(tx, order_id)))


class Meanwhile:
    """Has another thread do something while this one is in the midst of its transaction."""

    def __init__(self, threads: ThreadPoolExecutor, *act: Any) -> None:
        self._threads, self._act = threads, act
        self.doing: Future[Any] | None = None

    def __call__(self, *_: object) -> None:
        self.doing = self._threads.submit(*self._act)
        wait([self.doing], LOCKED_SECONDS)

    def result(self) -> Any:
        assert self.doing
        return self.doing.result(20)


def test_a_refund_that_meets_a_cook_finds_the_snacks_begun_and_keeps_their_price(
    kitchen: Transactions, sold: str,
) -> None:
    with ThreadPoolExecutor(1) as threads:
        refund = Meanwhile(threads, give_up, kitchen, sold)
        assert start(kitchen, sold, check=refund) == "preparing"
        assert refund.result() is False
    assert snacks_left(kitchen) == {"popcorn": 4}
    assert kitchen.read(stock_adds_up) == []


def test_a_cook_who_meets_a_refund_does_not_begin_and_the_snacks_are_for_sale_again(
    kitchen: Transactions, sold: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    def put_back(tx: Connection, ticket: Row[Any], put: Any = stock.put_back) -> None:
        cook()
        put(tx, ticket)

    monkeypatch.setattr(stock, "put_back", put_back)
    with ThreadPoolExecutor(1) as threads:
        cook = Meanwhile(threads, start, kitchen, sold)
        assert give_up(kitchen, sold) is True
        assert cook.result() == "given_up"
    assert snacks_left(kitchen) == {"popcorn": 5}
    assert kitchen.read(stock_adds_up) == []


def test_without_the_lock_of_the_ticket_both_act_on_what_they_have_read(
    kitchen: Transactions, sold: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: only the compare-and-set behind the lock notices."""
    monkeypatch.setattr(store, "lock_if_known", lambda tx, order_id: tx.execute(
        select(store.tickets).where(store.tickets.c.order_id == order_id)).first())
    with ThreadPoolExecutor(1) as threads:
        refund = Meanwhile(threads, give_up, kitchen, sold)
        with pytest.raises(AssertionError, match="was not locked"):
            start(kitchen, sold, check=refund)
        assert refund.result() is True
