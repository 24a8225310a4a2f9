"""A provider that often loses its answer, is slow, or acts twice."""

import datetime as dt
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from sqlalchemy import text

from schemas.errors import RoomSilent
from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from services.payment import provider_registry
from services.payment.payment_state import Charge
from services.payment.sandbox.provider import Sandbox
from testbed.mesh import wait_until
from tests.drivers.checkout_page import dice
from tests.drivers.sandbox_bank import Bank
from tests.sizes import Size

pytestmark = pytest.mark.usefixtures("empty_books")

T = TypeVar("T")


def bad_line(chance: random.Random) -> type[Sandbox]:
    """Of all answers 10 % are lost and 5 % are late, and 5 % of the requests arrive twice."""
    class BadLine(Sandbox):
        def _answer(self, what: str, charge: Charge, work: Callable[[Any], T]) -> T:
            answer, dice = super()._answer(what, charge, work), chance.random()
            if dice < 0.10:
                raise RoomSilent(room="sandbox")
            if dice < 0.15:
                time.sleep(0.02)
            elif dice < 0.20:
                answer = super()._answer(what, charge, work)
            return answer

    return BadLine


def insist(work: Callable[[], T]) -> T:
    while True:
        try:
            return work()
        except RoomSilent:
            continue


def test_orders_are_charged_once_each_and_the_books_are_the_ledger(
        room: Any, database: Transactions, monkeypatch: pytest.MonkeyPatch, size: Size) -> None:
    chance = dice()
    unreliable = bad_line(chance)
    monkeypatch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: unreliable(database))
    later = (utc_now() + dt.timedelta(minutes=15)).isoformat()
    orders = [new_id() for _ in range(size.orders)]

    def visit(order_id: str, choice: str) -> None:
        begun = insist(lambda: room.start(order_id=order_id, amount=700, currency="EUR", method="card",
                                          return_url="/order/1", expires_at=later))
        room.answer_page(payment_id=begun["payment_id"], language="en", choice=choice)
        for message in Bank(database, order_id).webhooks():
            for _ in range(chance.choice((0, 1, 1, 1, 1, 1, 1, 1, 1, 2))):
                room.receive_webhook(**message)

    def buy(order_id: str) -> None:
        if chance.random() < 0.1:
            visit(order_id, "decline")
            insist(lambda: room.payments.finish(room.payments.state(order_id)))
        visit(order_id, "pay")
        room.process_webhooks()

    with ThreadPoolExecutor(4) as buyers:
        list(buyers.map(buy, orders))

    def everything_has_ended() -> bool:
        long_ago = {"then": utc_now() - dt.timedelta(hours=1)}
        database.run(lambda tx: tx.execute(text("UPDATE payment SET tried_at = :then WHERE status IN "
                                                "('submitted', 'pending')"), long_ago))
        room.finish_stale_work()
        return len(captured_orders(database, orders)) == len(orders)

    wait_until(everything_has_ended, 180, "every order to be paid")
    given_back = chance.sample(orders, len(orders) // 10)
    for order_id in given_back:
        refund_id = new_id()
        insist(lambda order=order_id, refund=refund_id: room.refund(  # type: ignore[misc]
            refund_id=refund, order_id=order, amount=300, currency="EUR"))

    books = ledger(database, orders, "SELECT order_id, amount - refunded AS kept FROM account "
                                     "WHERE status = 'captured'")
    bank = ledger(database, orders, "SELECT order_id, SUM(amount - refunded) AS kept FROM sandbox_charge "
                                    "WHERE status = 'captured' GROUP BY order_id HAVING COUNT(*) = 1")
    assert len(bank) == len(orders)
    assert bank == books
    assert sum(bank.values()) == len(orders) * 700 - len(given_back) * 300


def captured_orders(database: Transactions, orders: list[str]) -> dict[str, int]:
    return ledger(database, orders, "SELECT order_id, amount AS kept FROM account WHERE status = 'captured'")


def ledger(database: Transactions, orders: list[str], query: str) -> dict[str, int]:
    """The money that is kept of each of these orders."""
    wanted = set(orders)
    rows = database.read(lambda tx: tx.execute(text(query)).all())
    return {row.order_id: int(row.kept) for row in rows if row.order_id in wanted}
