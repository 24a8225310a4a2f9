"""The sandbox's webhooks: signed and delivered by HTTP until they are acknowledged."""

import datetime as dt
import logging
import secrets as chance
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, get_args

import orjson
import requests
from opentelemetry.trace import SpanKind
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from schemas.payment import WebhookRefused
from services.foundation.database import Transactions, delete_some, utc_now
from services.foundation.ids import new_id
from services.foundation.tracing import spans, trace_context
from services.payment.models import SandboxSecret, SandboxWebhook
from services.payment.providers import WebhookEvent
from services.payment.webhook_signatures import is_genuine, sign

log = logging.getLogger("marquee.sandbox")
HEADER = "sandbox-signature"
Fault = Literal["repeat_webhook", "late_webhook", "reorder_webhook", "drop_webhook"]
FAULTS = get_args(Fault)
LATE, LAST = dt.timedelta(seconds=1), dt.timedelta(seconds=3)
TIMEOUT = (3, 10)                    # seconds to connect, and to answer
TRIES, LONGEST_PAUSE = 20, 300       # and seconds
BATCH = 20
LEASE = dt.timedelta(minutes=10)   # other processes leave a leased webhook alone so long
KEPT = dt.timedelta(days=30)


def add(tx: Connection, payment_id: str, kind: str, faults: set[str], traceparent: str | None = None) -> None:
    """Store a webhook about the payment, to be delivered as the `faults` say, in the trace of its charge."""
    now = utc_now()
    pause = LAST if "reorder_webhook" in faults else LATE if "late_webhook" in faults else dt.timedelta()
    tx.execute(insert(SandboxWebhook).values(
        event_id=new_id(), payment_id=payment_id, type=kind, created_at=now, tries=0, traceparent=traceparent,
        copies=3 if "repeat_webhook" in faults else 1, due_at=None if "drop_webhook" in faults else now + pause))


def deliver(database: Transactions, address: str) -> int:
    """Deliver the due webhooks to this address, signed; how many arrived. The rest is retried, with growing pauses."""
    due = database.run(_claim)
    keys = database.run(signing_secrets) if due else []
    arrived = 0
    for row in due:
        body = webhook_body(row)
        with spans.following(row.traceparent, "deliver sandbox webhook"):
            acknowledged = [_post(address, body, sign(keys[0], body, int(time.time()))) for _ in range(row.copies)]
        pause = dt.timedelta(seconds=min(2**row.tries, LONGEST_PAUSE))
        ends = all(acknowledged) or row.tries + 1 >= TRIES
        database.run(partial(_set_due, row=row, due_at=None if ends else utc_now() + pause))
        arrived += all(acknowledged)
    return arrived


def webhook_body(row: Any) -> bytes:
    """The body of a webhook, as it is signed."""
    return orjson.dumps({"id": row.event_id, "type": row.type, "created": int(row.created_at.timestamp()),
                         "data": {"payment_id": row.payment_id}})


def read(keys: Sequence[str], body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
    """The event in a webhook that one of `keys` has signed; raises WebhookRefused for any other body."""
    if not is_genuine(keys, headers.get(HEADER, ""), body, now.timestamp()):
        raise WebhookRefused()
    try:
        event = orjson.loads(body)
        return WebhookEvent(str(event["id"]), str(event["type"]), str(event["data"]["payment_id"]))
    except (ValueError, TypeError, KeyError):
        raise WebhookRefused() from None


def secrets(tx: Connection) -> list[str]:
    """The valid signing secrets, the newest first."""
    return list(tx.execute(select(SandboxSecret.secret).order_by(SandboxSecret.secret_id.desc())).scalars())


def signing_secrets(tx: Connection) -> list[str]:
    """The valid signing secrets, the newest first; the first one is made if there is none."""
    if not secrets(tx):
        renew_secret(tx)
    return secrets(tx)


def renew_secret(tx: Connection) -> None:
    """Sign with a new secret from now on; the old ones stay valid."""
    tx.execute(insert(SandboxSecret).values(secret=chance.token_urlsafe(32)))


def delete_old(tx: Connection) -> int:
    """Delete some of the webhooks that were stored long ago; returns how many."""
    return delete_some(tx, SandboxWebhook, SandboxWebhook.created_at < utc_now() - KEPT)


def _claim(tx: Connection) -> list[Any]:
    now = utc_now()
    due = select(SandboxWebhook.__table__).where(SandboxWebhook.due_at <= now).order_by(SandboxWebhook.due_at)
    found = list(tx.execute(due.limit(BATCH).with_for_update(skip_locked=True)))
    if found:
        taken = update(SandboxWebhook).where(SandboxWebhook.event_id.in_([row.event_id for row in found]))
        tx.execute(taken.values(tries=SandboxWebhook.tries + 1, due_at=now + LEASE))
    return found


def _set_due(tx: Connection, row: Any, due_at: dt.datetime | None) -> None:
    tx.execute(update(SandboxWebhook).where(SandboxWebhook.event_id == row.event_id).values(due_at=due_at))


def _post(address: str, body: bytes, signature: str) -> bool:
    headers = {"Content-Type": "application/json", HEADER: signature}
    try:
        with spans.span("POST", SpanKind.CLIENT, {"http.request.method": "POST"}) as span:
            if here := trace_context.traceparent():
                headers["traceparent"] = here
            response = requests.post(address, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
            span.set_attribute("http.response.status_code", response.status_code)
    except requests.RequestException as problem:
        log.info("a webhook did not arrive", extra={"problem": type(problem).__name__})
        return False
    return response.status_code == 200
