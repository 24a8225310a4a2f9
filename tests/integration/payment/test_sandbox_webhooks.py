"""The sandbox's webhooks are delivered until they are acknowledged, and go wrong if a fault is injected."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from services.foundation.database import Transactions, utc_now
from services.payment.models import Base
from services.payment.sandbox import webhooks
from services.payment.sandbox.provider import move
from tests.drivers.checkout_page import paid_at_the_provider
from tests.drivers.sandbox_bank import Bank


class Receiver:
    """A webhook address that answers as the test says."""

    def __init__(self) -> None:
        self.status = 200
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.heard.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield receiver
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def nothing_to_bring(database: Transactions) -> None:
    """Webhooks of other tests are not delivered here."""
    database.run(lambda tx: tx.execute(Base.metadata.tables["sandbox_webhook"].delete()))


def paid(database: Transactions, count: int = 1, *troubles: Any) -> list[str]:
    """Payments that have just been authorized, at a sandbox with these faults."""
    payments = paid_at_the_provider(database, count, "pending")
    for payment_id in payments:
        [order_id] = database.read(lambda tx, p=payment_id: tx.execute(  # type: ignore[misc]
            text("SELECT order_id FROM payment WHERE payment_id = :p"), {"p": p}).scalars().all())
        for trouble in troubles:
            Bank(database, order_id).will(trouble)
        database.run(lambda tx, p=payment_id: move(tx, p, ("pending",), "authorized"))  # type: ignore[misc]
    return payments


def bring(database: Transactions, receiver: Receiver) -> int:
    return webhooks.deliver(database, receiver.url)


def let_time_pass(database: Transactions) -> None:
    database.run(lambda tx: tx.execute(text("UPDATE sandbox_webhook SET due_at = due_at - INTERVAL 1 HOUR")))


def about(receiver: Receiver) -> list[str]:
    return [orjson.loads(body)["data"]["payment_id"] for _, _, body in receiver.heard]


def test_a_sandbox_webhook_is_delivered_once_and_signed(database: Transactions, receiver: Receiver) -> None:
    [payment_id] = paid(database)

    assert [bring(database, receiver), bring(database, receiver)] == [1, 0]
    [(path, headers, body)] = receiver.heard
    event = webhooks.read(database.run(webhooks.secrets), body, headers, utc_now())
    assert (path, event.payment_id, event.type) == ("/hook", payment_id, "payment.authorized")


@pytest.mark.parametrize("status", [500, 503, 404, 302, 307])
def test_an_undelivered_webhook_is_retried_with_the_same_id(
        database: Transactions, receiver: Receiver, status: int) -> None:
    paid(database)
    receiver.status = status
    assert bring(database, receiver) == bring(database, receiver) == 0

    receiver.status = 200
    let_time_pass(database)
    assert bring(database, receiver) == 1
    assert len({orjson.loads(body)["id"] for _, _, body in receiver.heard}) == 1
    assert [path for path, _, _ in receiver.heard] == ["/hook", "/hook"]  # nobody was followed elsewhere


def test_the_sandbox_gives_up_after_twenty_deliveries(database: Transactions, receiver: Receiver) -> None:
    paid(database)
    receiver.status = 500
    for _ in range(webhooks.TRIES + 5):
        bring(database, receiver)
        let_time_pass(database)

    assert len(receiver.heard) == webhooks.TRIES


def test_a_webhook_for_an_unreachable_address_is_not_lost(database: Transactions, receiver: Receiver) -> None:
    paid(database)
    assert webhooks.deliver(database, "http://127.0.0.1:1/hook") == 0

    let_time_pass(database)
    assert bring(database, receiver) == 1


def test_several_processes_share_the_deliveries(database: Transactions, receiver: Receiver) -> None:
    payments = paid(database, 60)

    with ThreadPoolExecutor(4) as messengers:
        list(messengers.map(lambda _: [bring(database, receiver) for _ in range(5)], range(4)))
    assert sorted(about(receiver)) == sorted(payments)


@pytest.mark.parametrize(("trouble", "copies"), [("repeat_webhook", 3), ("drop_webhook", 0)])
def test_an_injected_fault_repeats_or_drops_webhooks(
        database: Transactions, receiver: Receiver, trouble: Any, copies: int) -> None:
    paid(database, 1, trouble)
    bring(database, receiver)
    let_time_pass(database)
    bring(database, receiver)

    assert len(receiver.heard) == copies


def test_an_injected_fault_reorders_webhooks(database: Transactions, receiver: Receiver) -> None:
    [last] = paid(database, 1, "reorder_webhook")
    [late] = paid(database, 1, "late_webhook")
    [first] = paid(database)

    query = text("SELECT payment_id FROM sandbox_webhook ORDER BY due_at")
    assert database.read(lambda tx: tx.execute(query).scalars().all()) == [first, late, last]
    let_time_pass(database)
    assert bring(database, receiver) == 3
