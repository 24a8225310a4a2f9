"""The messages of one member, as the pages show them. All of them are about orders."""

import datetime as dt
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.engine import Connection

from services.notification import rules
from services.notification.models import Message

messages: Any = Message.__table__
SHOWN = [messages.c[name] for name in ("message_id", "kind", "order_id", "facts", "occurred_at", "read_at")]


def page(tx: Connection, user_id: str, cursor: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """Messages to this member, the newest first and older than `cursor`, and the cursor of the next page, if any."""
    query = select(*SHOWN).where(_are_of(user_id))
    if cursor:
        query = query.where(messages.c.message_id < cursor)
    rows = tx.execute(query.order_by(messages.c.message_id.desc()).limit(limit + 1)).all()
    found = [{"message_id": row.message_id, "kind": row.kind, "order_id": row.order_id, "read_at": row.read_at,
              "title": orjson.loads(row.facts)["screening"]["film_title"], "created_at": row.occurred_at}
             for row in rows[:limit]]
    return found, rows[limit - 1].message_id if len(rows) > limit else None


def count_unread(tx: Connection, user_id: str) -> int:
    """How many messages this member has not read."""
    return int(tx.execute(select(func.count()).where(_are_of(user_id), messages.c.read_at.is_(None))).scalar_one())


def mark_read(tx: Connection, user_id: str, message_ids: list[str], now: dt.datetime) -> int:
    """Mark those of the messages that are this member's and unread; returns how many are left unread."""
    tx.execute(update(messages).where(_are_of(user_id), messages.c.message_id.in_(message_ids),
                                      messages.c.read_at.is_(None)).values(read_at=now))
    return count_unread(tx, user_id)


def _are_of(user_id: str) -> ColumnElement[bool]:
    return and_(messages.c.buyer_id == user_id, messages.c.kind.in_(rules.KINDS))
