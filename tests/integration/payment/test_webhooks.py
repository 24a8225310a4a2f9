"""Webhooks are stored once, forged ones never, and each payment is settled once, in whatever order they arrive."""

import datetime as dt
import random
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update
from stripe import WebhookSignature

from schemas.payment import UnknownProvider, WebhookRefused
from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from services.payment import provider_registry, store
from services.payment.models import Payment, WebhookInbox
from services.payment.payment_state import Attempt, PaymentRecord
from services.payment.sandbox import webhooks
from services.payment.sandbox.provider import Sandbox
from services.payment.webhook_signatures import sign
from services.payment.webhooks.processor import REFUSED
from tests.drivers.checkout_page import count, dice, paid_at_the_provider
from tests.drivers.sandbox_bank import envelope
from tests.sizes import Size

CAPTURED = "SELECT COUNT(*) FROM payment WHERE status = 'captured' AND payment_id IN :payments"
TAKEN = "SELECT COUNT(*) FROM sandbox_charge WHERE status = 'captured' AND payment_id IN :payments"
TOLD = "SELECT COUNT(*) FROM outbox WHERE type = 'payment.captured' AND about IN :payments"
KEPT = "SELECT COUNT(*) FROM webhook_inbox WHERE payment_id IN :payments"
WAITING = KEPT + " AND handled_at IS NULL"


@pytest.fixture
def secret(database: Transactions) -> str:
    return database.run(webhooks.signing_secrets)[0]


def message(payment_id: str, kind: str = "payment.authorized") -> bytes:
    return orjson.dumps({"id": new_id(), "type": kind, "created": int(time.time()), "data": {"payment_id": payment_id}})


def test_messages_in_one_to_five_copies_move_each_payment_once(room: Any, database: Transactions, secret: str,
                                                              size: Size) -> None:
    chance = dice()
    payments = paid_at_the_provider(database, size.messages)
    messages = [copy for payment_id in payments for copy in [message(payment_id)] * chance.randint(1, 5)]
    chance.shuffle(messages)
    delivered = threading.Event()

    def look_into() -> None:
        while not delivered.is_set() or count(database, WAITING, payments):
            room.process_webhooks()

    with ThreadPoolExecutor(6) as pool:
        lookers = [pool.submit(look_into) for _ in range(2)]
        answers = list(pool.map(lambda body: room.receive_webhook(**envelope(body, secret)), messages))
        delivered.set()
        for looker in lookers:
            looker.result(timeout=180)

    assert answers == [{}] * len(messages)
    found = {what: count(database, query, payments) for what, query in
             {"kept": KEPT, "captured": CAPTURED, "taken": TAKEN, "told": TOLD, "waiting": WAITING}.items()}
    assert found == {**dict.fromkeys(("kept", "captured", "taken", "told"), size.messages), "waiting": 0}


def test_different_webhooks_about_one_payment_in_any_order_settle_it_once(
        room: Any, database: Transactions, secret: str) -> None:
    payments = paid_at_the_provider(database, 20)
    bodies = [message(payment, kind) for payment in payments
              for kind in ("payment.captured", "payment.authorized", "payment.declined", "payment.cancelled")]
    random.shuffle(bodies)

    for body in bodies:
        room.receive_webhook(**envelope(body, secret))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: room.process_webhooks(), range(4)))

    assert [count(database, query, payments) for query in (CAPTURED, TAKEN, TOLD, KEPT)] == [20, 20, 20, 80]


# --- the compare-and-set ---


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a payment changes whatever its status is."""
    def set_without_comparing(tx: Any, payment_id: str, before: tuple[str, ...], **after: Any) -> bool:
        tx.execute(update(Payment).where(Payment.payment_id == payment_id).values(**after))
        return True

    monkeypatch.setattr(store, "_compare_and_set", set_without_comparing)


def late_word(database: Transactions) -> str:
    """The status of a captured payment after an old answer of the provider arrived late."""
    [payment_id] = paid_at_the_provider(database, 1)
    database.run(lambda tx: store.record_status(tx, payment_id, PaymentRecord("captured"), utc_now()))
    database.run(lambda tx: store.record_status(tx, payment_id, PaymentRecord("pending"), utc_now()))
    return str(database.read(lambda tx: tx.execute(
        select(Payment.status).where(Payment.payment_id == payment_id)).scalar_one()))


def test_a_late_answer_of_the_provider_changes_nothing(database: Transactions) -> None:
    assert late_word(database) == "captured"


def test_a_late_answer_changes_the_payment_without_the_comparison(unguarded: None, database: Transactions) -> None:
    assert late_word(database) == "pending"


def look_twice_at_once(room: Any, database: Transactions, monkeypatch: pytest.MonkeyPatch) -> int:
    """Two processes have both heard that a payment was declined, before either has written it down; how often it is
    told to the others."""
    [payment_id] = paid_at_the_provider(database, 1, "declined")
    both_know = threading.Barrier(2, timeout=20)

    class Simultaneous(Sandbox):
        def fetch(self, attempt: Attempt) -> PaymentRecord:
            record = super().fetch(attempt)
            both_know.wait()
            return record

    monkeypatch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Simultaneous(database))
    with ThreadPoolExecutor(2) as pool:
        for look in [pool.submit(room.payments.sync_with_provider, payment_id) for _ in range(2)]:
            look.result()
    return count(database, "SELECT COUNT(*) FROM outbox WHERE about IN :payments", [payment_id])


def test_two_simultaneous_syncs_write_one_event(
        room: Any, database: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_twice_at_once(room, database, monkeypatch) == 1


def test_two_simultaneous_syncs_write_two_events_without_the_comparison(
        unguarded: None, room: Any, database: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_twice_at_once(room, database, monkeypatch) == 2


# --- forgeries ---


def resigned(secret: str, body: bytes, seconds: float, scheme: str = "v1") -> dict[str, Any]:
    forged = envelope(body, secret, seconds)
    forged["headers"] = {name: value.replace("v1=", f"{scheme}=") for name, value in forged["headers"].items()}
    return forged


def with_header(body: bytes, header: str | None) -> dict[str, Any]:
    return {"provider": "sandbox", "body": b64encode(body).decode(),
            "headers": {} if header is None else {webhooks.HEADER: header}}


def changed_byte(secret: str, body: bytes) -> dict[str, Any]:
    forged = envelope(body, secret)
    at = random.randrange(len(body))
    other = bytes([body[at] ^ (1 << random.randrange(8))])
    return {**forged, "body": b64encode(body[:at] + other + body[at + 1:]).decode()}


def in_other_words(secret: str, body: bytes) -> dict[str, Any]:
    """The same JSON in another spelling."""
    forged = envelope(body, secret)
    return {**forged, "body": b64encode(orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2)).decode()}


def stripe_signed(secret: str, body: bytes) -> dict[str, Any]:
    header = WebhookSignature.generate_signature_header(body.decode(), "whsec_another")
    return {**envelope(body, secret), "headers": {webhooks.HEADER: header, "stripe-signature": header}}


def now() -> int:
    return int(time.time())


FORGERIES: dict[str, Callable[[str, bytes], dict[str, Any]]] = {
    "wrong secret": lambda secret, body: envelope(body, "x" + secret),
    "empty secret": lambda secret, body: envelope(body, ""),
    "changed byte": changed_byte,
    "too old": lambda secret, body: envelope(body, secret, now() - 301 - random.randrange(1000)),
    "from the future": lambda secret, body: envelope(body, secret, now() + 400 + random.randrange(1000)),
    "no signature": lambda secret, body: with_header(body, None),
    "empty signature": lambda secret, body: with_header(body, ""),
    "many wrong signatures": lambda secret, body: with_header(
        body, f"t={now()}," + ",".join(f"v1={new_id() * 2}" for _ in range(5))),
    "two times": lambda secret, body: with_header(body, f"t={now()}," + sign(secret, body, now() - 500)),
    "v0": lambda secret, body: resigned(secret, body, now(), "v0"),
    "no time": lambda secret, body: with_header(body, sign(secret, body, now()).partition(",")[2]),
    "nonsense": lambda secret, body: with_header(body, random.choice(["t=,v1=", "t=1e9,v1=a", "t=٣,v1=é", "=", ",,,"])),
    "another provider's secret": stripe_signed,
    "written in another way": in_other_words,
    "signed, but no JSON": lambda secret, body: envelope(body[:-1], secret),
    "signed, but of another shape": lambda secret, body: envelope(b"[]", secret),
    "no base64": lambda secret, body: {**envelope(body, secret), "body": "%%%"},
}


def test_forgeries_are_refused_and_none_is_kept(room: Any, database: Transactions, secret: str, size: Size) -> None:
    payments = paid_at_the_provider(database, size.messages // 2)
    kinds = list(FORGERIES)
    counted = REFUSED.labels("sandbox")._value.get
    accepted, before = [], counted()
    for number, payment_id in enumerate(payments):
        kind = kinds[number % len(kinds)]
        try:
            room.receive_webhook(**FORGERIES[kind](secret, message(payment_id)))
            accepted.append(kind)
        except WebhookRefused:
            pass
    room.process_webhooks()

    assert accepted == []
    assert counted() == before + len(payments)
    assert count(database, KEPT, payments) == count(database, CAPTURED, payments) == 0


def test_a_forged_webhook_with_a_valid_signature_is_stored(room: Any, database: Transactions, secret: str) -> None:
    """The control: the test above refuses for the right reason."""
    payments = paid_at_the_provider(database, 2)
    for payment_id, seconds in zip(payments, (now() - 200, now() + 290), strict=True):
        room.receive_webhook(**envelope(message(payment_id), secret, seconds))
    assert count(database, KEPT, payments) == 2


def test_a_replayed_webhook_changes_nothing(room: Any, database: Transactions, secret: str) -> None:
    [payment_id] = paid_at_the_provider(database, 1)
    stolen = envelope(message(payment_id), secret)
    for _ in range(5):
        room.receive_webhook(**stolen)
        room.process_webhooks()

    assert [count(database, query, [payment_id]) for query in (KEPT, TAKEN, TOLD)] == [1, 1, 1]


def test_a_new_secret_signs_while_the_old_one_is_still_valid(room: Any, database: Transactions, secret: str) -> None:
    payments = paid_at_the_provider(database, 2)
    database.run(webhooks.renew_secret)
    newest, *older = database.run(webhooks.signing_secrets)
    assert older[0] == secret

    both = envelope(message(payments[0]), newest)
    both["headers"] = {name: f"{value},v1={'0' * 64}" for name, value in both["headers"].items()}
    room.receive_webhook(**both)
    room.receive_webhook(**envelope(message(payments[1]), secret))

    assert count(database, KEPT, payments) == 2


def test_a_webhook_about_a_foreign_object_is_stored_and_not_processed(
        room: Any, database: Transactions, secret: str) -> None:
    strange = new_id()
    room.receive_webhook(**envelope(message(strange), secret))
    room.process_webhooks()

    assert (count(database, KEPT, [strange]), count(database, WAITING, [strange])) == (1, 0)


def test_a_webhook_of_an_unknown_provider_is_refused(room: Any, secret: str) -> None:
    with pytest.raises(UnknownProvider):
        room.receive_webhook(**{**envelope(b"{}", secret), "provider": "paypal"})


def test_a_webhook_that_can_not_be_processed_is_processed_later(
        room: Any, database: Transactions, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [payment_id] = paid_at_the_provider(database, 1)

    class Broken(Sandbox):
        def fetch(self, attempt: Attempt) -> PaymentRecord:
            raise ZeroDivisionError

    room.receive_webhook(**envelope(message(payment_id), secret))
    with monkeypatch.context() as patch:
        patch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Broken(database))
        room.process_webhooks()
    assert count(database, WAITING, [payment_id]) == 1

    due = update(WebhookInbox).where(WebhookInbox.payment_id == payment_id)
    database.run(lambda tx: tx.execute(due.values(due_at=utc_now() - dt.timedelta(seconds=1))))
    room.process_webhooks()
    assert (count(database, WAITING, [payment_id]), count(database, CAPTURED, [payment_id])) == (0, 1)


def test_a_stored_webhook_has_ids_only(room: Any, database: Transactions, secret: str) -> None:
    """Only the payment to ask about is stored, by our id or the provider's."""
    assert {column.name for column in WebhookInbox.__table__.columns} == {
        "provider", "event_id", "type", "payment_id", "reference", "received_at", "due_at", "tries", "handled_at",
        "traceparent"}
    assert b64decode(envelope(b"{}", secret)["body"]) == b"{}"
