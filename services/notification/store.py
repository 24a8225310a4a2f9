"""The queries on messages."""

import datetime as dt
from typing import Any

import orjson
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from services.foundation.events.consumers import Delivery
from services.foundation.ids import new_id
from services.notification.models import LONGEST_ERROR, Message

messages: Any = Message.__table__


def note(tx: Connection, kind: str, delivery: Delivery, to: str, now: dt.datetime) -> None:
    """Write down a message that is to be sent to the user `to`, about what the delivery tells."""
    tx.execute(insert(messages), {
        "message_id": new_id(), "event_id": delivery.event_id, "kind": kind, "order_id": delivery.body.get("order_id"),
        "buyer_id": to, "facts": orjson.dumps({**delivery.body, "number": delivery.sequence}),
        "occurred_at": delivery.occurred_at, "status": "waiting", "tries": 0, "due_at": now, "changed_at": now})


def claim(tx: Connection, now: dt.datetime, lease: dt.timedelta) -> Row[Any] | None:
    """The message that waits longest, for this process alone until the lease is over; None when none is due.

    `tries` counts this one.
    """
    due = select(messages).where(messages.c.status == "waiting", messages.c.due_at <= now)
    row = tx.execute(due.order_by(messages.c.due_at).limit(1).with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    tx.execute(update(messages).where(messages.c.message_id == row.message_id)
               .values(tries=row.tries + 1, due_at=now + lease))
    return tx.execute(select(messages).where(messages.c.message_id == row.message_id)).one()


def settle(tx: Connection, message_id: str, status: str, now: dt.datetime, error: str | None = None) -> None:
    """What became of a message: `sent`, `failed` or `no_address`."""
    tx.execute(update(messages).where(messages.c.message_id == message_id)
               .values(status=status, error=error and error[:LONGEST_ERROR], changed_at=now))


def put_off(tx: Connection, message_id: str, until: dt.datetime, error: str) -> None:
    """Try it again, not before `until`."""
    tx.execute(update(messages).where(messages.c.message_id == message_id, messages.c.status == "waiting")
               .values(due_at=until, error=error[:LONGEST_ERROR]))


def park(tx: Connection, message_id: str, until: dt.datetime, error: str) -> None:
    """Keep it until the buyer's address is confirmed, and look again at `until`; this was no try."""
    tx.execute(update(messages).where(messages.c.message_id == message_id, messages.c.status == "waiting")
               .values(status="unconfirmed", tries=0, due_at=until, error=error[:LONGEST_ERROR]))


def unpark(tx: Connection, now: dt.datetime, buyer_id: str | None = None) -> None:
    """Have this buyer's messages looked at now; without a buyer those whose time has come."""
    these = messages.c.buyer_id == buyer_id if buyer_id else messages.c.due_at <= now
    tx.execute(update(messages).where(messages.c.status == "unconfirmed", these).values(status="waiting", due_at=now))


# --- for operators ---


def count(tx: Connection) -> dict[str, int]:
    """How many messages there are, by status."""
    rows = tx.execute(select(messages.c.status, func.count()).group_by(messages.c.status))
    return {status: int(number) for status, number in rows}


def unsent(tx: Connection, most: int) -> list[Row[Any]]:
    """Messages that wait or have failed, the oldest first."""
    query = select(messages).where(messages.c.status.in_(("failed", "unconfirmed", "waiting")))
    return list(tx.execute(query.order_by(messages.c.status, messages.c.occurred_at).limit(most)))


def retry(tx: Connection, now: dt.datetime) -> int:
    """Have what failed sent again, with all its tries before it; returns how many there are."""
    failed = update(messages).where(messages.c.status == "failed")
    return int(tx.execute(failed.values(status="waiting", tries=0, due_at=now)).rowcount)


def forget(tx: Connection, before: dt.datetime) -> int:
    """Drop messages that were settled before that moment; returns how many."""
    old = delete(messages).where(messages.c.status.in_(("sent", "no_address")), messages.c.changed_at < before)
    return int(tx.execute(old.with_dialect_options(mysql_limit=1000)).rowcount)
