"""Refunds that stay pending, that a provider refuses, or that fail after they were done."""

import datetime as dt
import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe
from sqlalchemy import text

from schemas.errors import RoomSilent
from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from tests.drivers.sandbox_bank import reconcile
from tests.drivers.stripe_server import Stripe
from tests.integration.payment.conftest import stripe_as_provider

pytestmark = pytest.mark.usefixtures("empty_books")

SECRET = "whsec_of_the_tests"
Pay = Callable[[], str]


@pytest.fixture
def server() -> Iterator[Stripe]:
    with stripe_as_provider(SECRET) as running:
        yield running


@pytest.fixture
def room(server: Stripe, open_room: Callable[[], Any]) -> Any:
    """The payment room with Stripe."""
    return open_room()


@pytest.fixture
def pay(room: Any, server: Stripe) -> Pay:
    """An order that was paid at Stripe."""
    def order() -> str:
        order_id, later = new_id(), (utc_now() + dt.timedelta(minutes=15)).isoformat()
        begun = room.start(order_id=order_id, amount=1200, currency="EUR", method="card", return_url="/order/1",
                           expires_at=later)
        server.pay(server.session_of(begun["payment_id"]))
        assert room.close(order_id=order_id)["captured"] == 1200
        return order_id

    return order


@pytest.fixture
def later(database: Transactions) -> Callable[..., list[str]]:
    """The differences found so many hours later."""
    def compare(hours: int = 1) -> list[str]:
        for table in ("payment", "refund"):
            database.run(lambda tx, t=table: tx.execute(  # type: ignore[misc]
                text(f"UPDATE {t} SET created_at = created_at - INTERVAL {hours} HOUR")))
        return [str(line) for line in reconcile(database)]

    return compare


def ask_back(room: Any, order_id: str, refund_id: str) -> str:
    """The room's answer to the refund."""
    try:
        return str(room.refund(refund_id=refund_id, order_id=order_id, amount=500, currency="EUR")["status"])
    except RoomSilent:
        return "not yet"


def tell_of_refunds(room: Any, server: Stripe, kind: str = "refund.failed") -> None:
    """The webhook for each refund at Stripe, signed by its own library."""
    for refund in list(server.all_refunds.values()):
        body = json.dumps({"id": f"evt_{new_id()}", "object": "event", "type": kind, "data": {"object": refund}})
        header = stripe.WebhookSignature.generate_signature_header(body, SECRET, int(time.time()))
        room.receive_webhook(provider="stripe", body=b64encode(body.encode()).decode(),
                             headers={"stripe-signature": header})
    room.process_webhooks()


def test_a_pending_refund_is_not_a_difference(
        room: Any, server: Stripe, pay: Pay, later: Callable[..., list[str]]) -> None:
    order_id, refund_id = pay(), new_id()
    server.refund_status = "pending"
    assert ask_back(room, order_id, refund_id) == "not yet"

    assert later() == []
    [told] = later(hours=30)
    assert told.startswith(f"LEFT   refund {refund_id} of order {order_id}: EUR 5.00")
    assert "still under way" in told


def test_a_pending_refund_does_not_hide_other_differences(
        room: Any, server: Stripe, pay: Pay, database: Transactions, later: Callable[..., list[str]]) -> None:
    slow, other = (pay(), new_id()), (pay(), new_id())
    server.refund_status = "pending"
    ask_back(room, *slow)
    server.refund_status = "succeeded"
    server.lost_answers = 1
    assert ask_back(room, *other) == "not yet"

    assert later() == [f"fixed  refund {other[1]} of order {other[0]} was requested, and is done"]
    assert [refund["amount"] for refund in server.all_refunds.values()] == [500, 500]


def test_a_payment_without_an_answer_does_not_hide_other_differences(
        room: Any, server: Stripe, pay: Pay, database: Transactions, later: Callable[..., list[str]]) -> None:
    lost, order_id = room.start(order_id=new_id(), amount=1200, currency="EUR", method="card", return_url="/",
                                expires_at=(utc_now() + dt.timedelta(minutes=15)).isoformat()), pay()
    server.refund_status = "failed"
    ask_back(room, order_id, "a-refund")
    database.run(lambda tx: tx.execute(text("UPDATE payment SET reference = 'cs_of_another_account' "
                                            "WHERE payment_id = :p"), {"p": lost["payment_id"]}))

    told = later()
    assert [line for line in told if lost["payment_id"] in line and line.startswith("LEFT")]
    assert [line for line in told if "a-refund" in line and "failed" in line]
    assert not [line for line in told if "stripe does not answer" in line]


def test_a_failed_refund_is_owed_until_it_is_retried(
        room: Any, server: Stripe, pay: Pay, database: Transactions, later: Callable[..., list[str]]) -> None:
    order_id, refund_id = pay(), new_id()
    server.refund_status = "failed"
    assert [ask_back(room, order_id, refund_id) for _ in range(3)] == ["not yet"] * 3
    assert len(server.all_refunds) == 1, "a failed refund is not repeated by itself"
    for hours in (1, 200):
        owed = f"LEFT   refund {refund_id} of order {order_id} failed; EUR 5.00 are owed"
        assert [line for line in later(hours) if line == owed]


@pytest.mark.parametrize("how", ["by a message", "by comparing"])
def test_a_refund_that_fails_after_it_was_done_is_noticed(
        room: Any, server: Stripe, pay: Pay, how: str, later: Callable[..., list[str]]) -> None:
    order_id, refund_id = pay(), new_id()
    assert ask_back(room, order_id, refund_id) == "done"
    if how == "by a message":
        later(hours=24 * 20)
    for refund in server.all_refunds.values():
        refund["status"] = "failed"
    if how == "by a message":
        for refund in server.all_refunds.values():
            refund["created"] -= 20 * 24 * 3600
        tell_of_refunds(room, server)

    assert later() == [f"LEFT   refund {refund_id} of order {order_id} failed; EUR 5.00 are owed"]
    assert ask_back(room, order_id, refund_id) == "not yet"


def test_a_pending_refund_is_done_once_stripe_says_so(room: Any, server: Stripe, pay: Pay) -> None:
    order_id, refund_id = pay(), new_id()
    server.refund_status = "pending"
    ask_back(room, order_id, refund_id)
    for refund in server.all_refunds.values():
        refund["status"] = "succeeded"
    tell_of_refunds(room, server, "refund.updated")
    server.requests.clear()

    assert ask_back(room, order_id, refund_id) == "done"
    assert server.requests == []
