"""A process of the payment room with Stripe: a slow Stripe stops no other call, and a missing key stops the start."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from services.payment.providers import WebhookEvent
from services.payment.webhooks import store as webhook_store
from testbed.mesh import wait_until
from tests.drivers.stripe_server import KEY, Stripe, running_stripe
from tests.integration.payment.conftest import StartRoom
from tests.integration.payment.remote_calls import ask

pytestmark = pytest.mark.usefixtures("empty_books")
at_full_size = pytest.mark.full_size("integration/payment/test_stripe_processes.py", "unit/payment/test_job_pool.py")

STRIPE = {"MARQUEE_PAYMENT_PROVIDER": "stripe", "MARQUEE_STRIPE_SECRET_KEY": KEY,
          "MARQUEE_STRIPE_WEBHOOK_SECRETS": "whsec_1"}


@pytest.fixture
def server(start_room: StartRoom) -> Iterator[Stripe]:
    with running_stripe() as stripe:
        start_room(("api: https://api.stripe.com", f"api: {stripe.url}"), **STRIPE)
        wait_until(lambda: ask("get_status", order_id="none"), 30, "the room")
        yield stripe
        stripe.awake.set()
        stripe.released.set()


def start(order_id: str) -> Any:
    later = (utc_now() + dt.timedelta(minutes=15)).isoformat()
    return ask("start", order_id=order_id, amount=1200, currency="EUR", method="card", return_url="/order/1",
               expires_at=later)


@at_full_size
def test_the_room_answers_others_while_stripe_is_slow(server: Stripe) -> None:
    server.awake.clear()
    with ThreadPoolExecutor(30) as buyers:
        waiting = [buyers.submit(start, new_id()) for _ in range(10)]
        wait_until(lambda: len(server.requests) >= 10, 30, "ten questions at Stripe at once")

        assert ask("get_status", order_id="none")["status"] == "none"
        assert not any(answer.done() for answer in waiting)
        server.awake.set()
        assert {answer.result()["status"] for answer in waiting} == {"pending"}
    assert len(server.sessions) == 10


@at_full_size
@pytest.mark.parametrize("how", ["webhooks", "sweep"])
def test_ten_payments_are_synced_at_a_time_and_a_silent_one_delays_no_other(
         server: Stripe, database: Transactions, how: str) -> None:
    orders = [new_id() for _ in range(25)]
    with ThreadPoolExecutor(8) as buyers:
        payments = [str(begun["payment_id"]) for begun in buyers.map(start, orders)]
    for payment_id in payments:
        server.pay(server.session_of(payment_id))
    silent = payments.pop()
    server.hangs = {f"/v1/checkout/sessions/{server.session_of(silent)}"}
    server.seconds, server.most_at_once = 0.2, 0

    def are_to_be_looked_into(tx: Any) -> None:
        if how == "sweep":
            tx.execute(text("UPDATE payment SET tried_at = tried_at - INTERVAL 1 HOUR"))
        for payment_id in (silent, *payments) if how == "webhooks" else ():
            webhook_store.add(tx, "stripe", WebhookEvent(f"evt_{payment_id}", "any", payment_id), utc_now())

    database.run(are_to_be_looked_into)
    taken = text("SELECT COUNT(*) FROM payment WHERE payment_id IN :ids AND status = 'captured'")
    wait_until(lambda: database.read(lambda tx: tx.execute(taken, {"ids": tuple(payments)}).scalar_one()) == 24, 60,
               "all but the silent one")
    assert 1 < server.most_at_once <= 10
    server.released.set()


@pytest.mark.parametrize("missing", ["MARQUEE_STRIPE_SECRET_KEY", "MARQUEE_STRIPE_WEBHOOK_SECRETS"])
def test_a_room_without_its_keys_names_the_variable_and_exits(
        start_room: StartRoom, tmp_path: Path, missing: str) -> None:
    room = start_room(**{**STRIPE, missing: ""})

    assert room.exit_code(60) != 0
    said = (tmp_path / "payment-0.log").read_text()
    assert missing in said
    assert KEY not in said
