"""The queries on messages: for their sender, for the members whom they are to, and for operators."""

import datetime as dt
from dataclasses import fields
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, and_, func, insert, select, update
from sqlalchemy.engine import Connection

from services.foundation.database import delete_some
from services.foundation.events.consumers import Delivery
from services.foundation.ids import new_id
from services.foundation.tracing.trace_context import traceparent
from services.notification import rules
from services.notification.models import LONGEST_ERROR, AdoptedGuest, Message
from services.notification.records import DueMessage

messages: Any = Message.__table__
adopted: Any = AdoptedGuest.__table__
DUE_MESSAGE = [messages.c[field.name] for field in fields(DueMessage)]


def add(tx: Connection, kind: str, event: Delivery, user_id: str, now: dt.datetime) -> None:
    """Write a message to this user about the event; it waits to be sent."""
    tx.execute(insert(messages), {
        "message_id": new_id(), "event_id": event.event_id, "kind": kind, "order_id": event.body.get("order_id"),
        "buyer_id": user_id, "facts": orjson.dumps({**event.body, "number": event.sequence}),
        "occurred_at": event.occurred_at, "status": "waiting", "tries": 0, "due_at": now, "changed_at": now,
        "traceparent": traceparent()})


def lease_next(tx: Connection, now: dt.datetime, lease: dt.timedelta) -> DueMessage | None:
    """The message that has waited longest, for this process alone until the lease ends; None if none is due."""
    due = select(messages).where(messages.c.status == "waiting", messages.c.due_at <= now)
    row = tx.execute(due.order_by(messages.c.due_at).limit(1).with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    tx.execute(update(messages).where(messages.c.message_id == row.message_id)
               .values(tries=row.tries + 1, due_at=now + lease))
    return DueMessage(*tx.execute(select(*DUE_MESSAGE).where(messages.c.message_id == row.message_id)).one())


def finish(tx: Connection, message_id: str, status: str, now: dt.datetime, error: str | None = None) -> None:
    """Set the final status of a message: `sent`, `failed` or `no_address`."""
    tx.execute(update(messages).where(messages.c.message_id == message_id)
               .values(status=status, error=error and error[:LONGEST_ERROR], changed_at=now))


def postpone(tx: Connection, message_id: str, until: dt.datetime, error: str) -> None:
    """Try it again, not before `until`."""
    tx.execute(update(messages).where(messages.c.message_id == message_id, messages.c.status == "waiting")
               .values(due_at=until, error=error[:LONGEST_ERROR]))


def hold_back(tx: Connection, message_id: str, until: dt.datetime, error: str) -> None:
    """Send it later, not before `until`. This does not count as a try."""
    tx.execute(update(messages).where(messages.c.message_id == message_id, messages.c.status == "waiting")
               .values(due_at=until, tries=messages.c.tries - 1, error=error[:LONGEST_ERROR]))


def sent_at(tx: Connection, buyer_id: str, place: int) -> dt.datetime | None:
    """When a message was sent to this account, counted from the newest, which is 1; None if there are not so many."""
    query = select(messages.c.changed_at).where(messages.c.buyer_id == buyer_id, messages.c.status == "sent")
    return tx.execute(query.order_by(messages.c.message_id.desc()).limit(1).offset(place - 1)).scalar()


def hold_unconfirmed(tx: Connection, message_id: str, until: dt.datetime, error: str) -> None:
    """Keep it until the buyer's address is confirmed, or `until` to check again. This does not count as a try."""
    tx.execute(update(messages).where(messages.c.message_id == message_id, messages.c.status == "waiting")
               .values(status="unconfirmed", tries=0, due_at=until, error=error[:LONGEST_ERROR]))


def release_unconfirmed(tx: Connection, now: dt.datetime, buyer_id: str | None = None) -> None:
    """Make the held messages of this buyer due; without a buyer, those whose time has come."""
    held = messages.c.buyer_id.in_(names_of(tx, buyer_id)) if buyer_id else messages.c.due_at <= now
    tx.execute(update(messages).where(messages.c.status == "unconfirmed", held).values(status="waiting", due_at=now))


def purge(tx: Connection, before: dt.datetime) -> int:
    """Delete some of the messages that were sent or had no address before that moment; returns how many."""
    return delete_some(tx, messages, messages.c.status.in_(("sent", "no_address")), messages.c.changed_at < before)


# --- for members, whose messages are those about orders ---


def messages_of(tx: Connection, user_id: str, before: str | None, limit: int) -> list[Row[Any]]:
    """Messages to this member, the newest first. `before`: only those older than this one."""
    query = select(messages).where(_are_of(tx, user_id))
    if before is not None:
        query = query.where(messages.c.message_id < before)
    return list(tx.execute(query.order_by(messages.c.message_id.desc()).limit(limit)))


def count_unread(tx: Connection, user_id: str) -> int:
    """How many messages this member has not read."""
    return int(tx.execute(select(func.count()).where(_are_of(tx, user_id), messages.c.read_at.is_(None))).scalar_one())


def mark_read(tx: Connection, user_id: str, message_ids: list[str], now: dt.datetime) -> None:
    """Mark those of the messages that are this member's and unread."""
    tx.execute(update(messages).where(_are_of(tx, user_id), messages.c.message_id.in_(message_ids),
                                      messages.c.read_at.is_(None)).values(read_at=now))


def _are_of(tx: Connection, user_id: str) -> ColumnElement[bool]:
    return and_(messages.c.buyer_id.in_(names_of(tx, user_id)), messages.c.kind.in_(rules.KINDS))


# --- guests who have become members ---


def add_adopted(tx: Connection, guest_id: str, user_id: str, now: dt.datetime) -> None:
    """Note that this member was that guest; repeating it changes nothing."""
    tx.execute(insert(adopted).prefix_with("IGNORE"), {"guest_id": guest_id, "user_id": user_id, "adopted_at": now})


def names_of(tx: Connection, user_id: str) -> list[str]:
    """The ids that messages to this member have as their buyer: the member's, and those of guests the member was."""
    return [user_id, *tx.execute(select(adopted.c.guest_id).where(adopted.c.user_id == user_id)).scalars()]


def purge_adopted(tx: Connection, before: dt.datetime) -> int:
    """Delete some of the guests whose messages are purged by now; returns how many."""
    return delete_some(tx, adopted, adopted.c.adopted_at < before)


# --- for operators ---


def count_by_status(tx: Connection) -> dict[str, int]:
    """How many messages have each status."""
    rows = tx.execute(select(messages.c.status, func.count()).group_by(messages.c.status))
    return {status: int(number) for status, number in rows}


def unsent(tx: Connection, most: int) -> list[Row[Any]]:
    """Messages that wait or have failed, the oldest of each status first."""
    query = select(messages).where(messages.c.status.in_(("failed", "unconfirmed", "waiting")))
    return list(tx.execute(query.order_by(messages.c.status, messages.c.occurred_at).limit(most)))


def retry_failed(tx: Connection, now: dt.datetime) -> int:
    """Make all failed messages due, with all their tries; returns how many."""
    failed = update(messages).where(messages.c.status == "failed")
    return int(tx.execute(failed.values(status="waiting", tries=0, due_at=now)).rowcount)
