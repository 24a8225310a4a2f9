"""The `webhook_inbox` table: each webhook is stored once, and processed until that succeeds."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection

from services.foundation.database import delete_some
from services.foundation.tracing.trace_context import traceparent
from services.payment.models import WebhookInbox
from services.payment.providers import WebhookEvent

BATCH = 20
LONGEST_PAUSE = 300   # seconds between two tries


def add(tx: Connection, provider: str, event: WebhookEvent, now: dt.datetime) -> None:
    """Store the event unless it is stored already. One that is not about a payment of ours counts as processed."""
    row = {"provider": provider, "event_id": event.event_id, "type": event.type[:64], "payment_id": event.payment_id,
           "reference": event.reference, "received_at": now, "due_at": now, "tries": 0,
           "traceparent": traceparent(), "handled_at": None if event.payment_id or event.reference else now}
    tx.execute(upsert(WebhookInbox).values(row).on_duplicate_key_update(provider=provider))


def lease_due(tx: Connection, now: dt.datetime) -> list[Any]:
    """Some webhooks that are due; other processes leave them alone for a pause that grows with every try."""
    due = select(WebhookInbox.__table__).where(WebhookInbox.handled_at.is_(None), WebhookInbox.due_at <= now)
    found = list(tx.execute(due.order_by(WebhookInbox.due_at).limit(BATCH).with_for_update(skip_locked=True)))
    for tries, rows in groupby(sorted(found, key=lambda row: int(row.tries)), key=lambda row: int(row.tries)):
        pause = dt.timedelta(seconds=min(5 * 2**tries, LONGEST_PAUSE))
        tx.execute(update(WebhookInbox).where(_are(rows)).values(tries=tries + 1, due_at=now + pause))
    return found


def mark_processed(tx: Connection, rows: Sequence[Any], now: dt.datetime) -> None:
    """Do not process these webhooks again."""
    tx.execute(update(WebhookInbox).where(_are(rows)).values(handled_at=now))


def delete_processed(tx: Connection, before: dt.datetime) -> int:
    """Delete some of the webhooks that were processed before then; returns how many."""
    return delete_some(tx, WebhookInbox, WebhookInbox.handled_at < before)


def _are(rows: Iterable[Any]) -> ColumnElement[bool]:
    return or_(*(and_(WebhookInbox.provider == row.provider, WebhookInbox.event_id == row.event_id) for row in rows))
