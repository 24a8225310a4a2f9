"""A provider's messages are kept once, forgeries never, and each payment moves once, in whatever order they come."""

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
from services.payment.rules import Attempt, Record
from services.payment.sandbox import webhooks
from services.payment.sandbox.provider import Sandbox
from services.payment.webhook_signatures import sign
from tests.integration.payment.bank import envelope
from tests.integration.payment.hosted import count, dice, paid_at_the_provider
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
            room.look_into_webhooks()

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


def test_different_messages_about_one_payment_in_any_order_move_it_once(room: Any, database: Transactions,
                                                                       secret: str) -> None:
    payments = paid_at_the_provider(database, 20)
    bodies = [message(payment, kind) for payment in payments
              for kind in ("payment.captured", "payment.authorized", "payment.declined", "payment.cancelled")]
    random.shuffle(bodies)

    for body in bodies:
        room.receive_webhook(**envelope(body, secret))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: room.look_into_webhooks(), range(4)))

    assert [count(database, query, payments) for query in (CAPTURED, TAKEN, TOLD, KEPT)] == [20, 20, 20, 80]


# --- the compare-and-set ---


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: whatever state a payment is in, it is moved."""
    def set_without_comparing(tx: Any, payment_id: str, before: tuple[str, ...], **after: Any) -> bool:
        tx.execute(update(Payment).where(Payment.payment_id == payment_id).values(**after))
        return True

    monkeypatch.setattr(store, "_compare_and_set", set_without_comparing)


def late_word(database: Transactions) -> str:
    """How a captured payment stands after an old answer of the provider's has come late."""
    [payment_id] = paid_at_the_provider(database, 1)
    database.run(lambda tx: store.move(tx, payment_id, Record("captured"), utc_now()))
    database.run(lambda tx: store.move(tx, payment_id, Record("pending"), utc_now()))
    return str(database.read(lambda tx: tx.execute(
        select(Payment.status).where(Payment.payment_id == payment_id)).scalar_one()))


def test_a_word_that_comes_late_changes_nothing(database: Transactions) -> None:
    assert late_word(database) == "captured"


def test_without_the_comparison_it_would(unguarded: None, database: Transactions) -> None:
    assert late_word(database) == "pending"


def look_twice_at_once(room: Any, database: Transactions, monkeypatch: pytest.MonkeyPatch) -> int:
    """Two processes have both heard that a payment was declined, before either has written it down; how often it is
    told to the others."""
    [payment_id] = paid_at_the_provider(database, 1, "declined")
    both_know = threading.Barrier(2, timeout=20)

    class Simultaneous(Sandbox):
        def fetch(self, attempt: Attempt) -> Record:
            record = super().fetch(attempt)
            both_know.wait()
            return record

    monkeypatch.setitem(provider_registry.PROVIDERS, "sandbox", Simultaneous)
    with ThreadPoolExecutor(2) as pool:
        for look in [pool.submit(room.collection.look_into, payment_id) for _ in range(2)]:
            look.result()
    return count(database, "SELECT COUNT(*) FROM outbox WHERE about IN :payments", [payment_id])


def test_two_who_know_at_once_tell_it_once(room: Any, database: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_twice_at_once(room, database, monkeypatch) == 1


def test_without_the_comparison_both_would(unguarded: None, room: Any, database: Transactions,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
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
    """The same JSON, written in another way."""
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
    accepted = []
    for number, payment_id in enumerate(payments):
        kind = kinds[number % len(kinds)]
        try:
            room.receive_webhook(**FORGERIES[kind](secret, message(payment_id)))
            accepted.append(kind)
        except WebhookRefused:
            pass
    room.look_into_webhooks()

    assert accepted == []
    assert count(database, KEPT, payments) == count(database, CAPTURED, payments) == 0


def test_a_forgery_with_a_true_signature_would_be_kept(room: Any, database: Transactions, secret: str) -> None:
    """So that the test above refuses for the right reason."""
    payments = paid_at_the_provider(database, 2)
    for payment_id, seconds in zip(payments, (now() - 200, now() + 290), strict=True):
        room.receive_webhook(**envelope(message(payment_id), secret, seconds))
    assert count(database, KEPT, payments) == 2


def test_a_message_repeated_by_a_thief_changes_nothing(room: Any, database: Transactions, secret: str) -> None:
    [payment_id] = paid_at_the_provider(database, 1)
    stolen = envelope(message(payment_id), secret)
    for _ in range(5):
        room.receive_webhook(**stolen)
        room.look_into_webhooks()

    assert [count(database, query, [payment_id]) for query in (KEPT, TAKEN, TOLD)] == [1, 1, 1]


def test_a_new_secret_signs_while_the_old_one_is_still_good(room: Any, database: Transactions, secret: str) -> None:
    payments = paid_at_the_provider(database, 2)
    database.run(webhooks.renew_secret)
    newest, *older = database.run(webhooks.signing_secrets)
    assert older[0] == secret

    both = envelope(message(payments[0]), newest)
    both["headers"] = {name: f"{value},v1={'0' * 64}" for name, value in both["headers"].items()}
    room.receive_webhook(**both)
    room.receive_webhook(**envelope(message(payments[1]), secret))

    assert count(database, KEPT, payments) == 2


def test_a_message_about_nothing_of_ours_is_kept_and_leads_nowhere(room: Any, database: Transactions,
                                                                  secret: str) -> None:
    strange = new_id()
    room.receive_webhook(**envelope(message(strange), secret))
    room.look_into_webhooks()

    assert (count(database, KEPT, [strange]), count(database, WAITING, [strange])) == (1, 0)


def test_nobody_else_sends_messages(room: Any, secret: str) -> None:
    with pytest.raises(UnknownProvider):
        room.receive_webhook(**{**envelope(b"{}", secret), "provider": "paypal"})


def test_a_message_that_can_not_be_looked_into_now_is_looked_into_later(room: Any, database: Transactions, secret: str,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    [payment_id] = paid_at_the_provider(database, 1)

    class Broken(Sandbox):
        def fetch(self, attempt: Attempt) -> Record:
            raise ZeroDivisionError

    room.receive_webhook(**envelope(message(payment_id), secret))
    with monkeypatch.context() as patch:
        patch.setitem(provider_registry.PROVIDERS, "sandbox", Broken)
        room.look_into_webhooks()
    assert count(database, WAITING, [payment_id]) == 1

    due = update(WebhookInbox).where(WebhookInbox.payment_id == payment_id)
    database.run(lambda tx: tx.execute(due.values(due_at=utc_now() - dt.timedelta(seconds=1))))
    room.look_into_webhooks()
    assert (count(database, WAITING, [payment_id]), count(database, CAPTURED, [payment_id])) == (0, 1)


def test_what_is_kept_is_not_what_was_sent(room: Any, database: Transactions, secret: str) -> None:
    """Only which payment to ask about, by our name or the provider's; its other words stay outside."""
    assert {column.name for column in WebhookInbox.__table__.columns} == {
        "provider", "event_id", "type", "payment_id", "reference", "received_at", "due_at", "tries", "handled_at"}
    assert b64decode(envelope(b"{}", secret)["body"]) == b"{}"
