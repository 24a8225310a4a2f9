"""The messages of one member, as the pages show them."""

import datetime as dt
from typing import Any

import orjson
from sqlalchemy.engine import Connection, Row

from services.notification import store

Fields = dict[str, Any]


def page(tx: Connection, user_id: str, cursor: str | None, limit: int) -> Fields:
    """A page of messages to this member, the newest first: a schemas.notification.MessagesReply without its time."""
    rows = store.messages_of(tx, user_id, cursor, limit + 1)
    return {"messages": [_shown(row) for row in rows[:limit]], "unread": store.count_unread(tx, user_id),
            "next_cursor": rows[limit - 1].message_id if len(rows) > limit else None}


def mark_read(tx: Connection, user_id: str, message_ids: list[str], now: dt.datetime) -> int:
    """Mark those of the messages that are this member's; returns how many are left unread."""
    store.mark_read(tx, user_id, message_ids, now)
    return store.count_unread(tx, user_id)


def _shown(row: Row[Any]) -> Fields:
    return {"message_id": row.message_id, "kind": row.kind, "order_id": row.order_id, "read_at": row.read_at,
            "title": orjson.loads(row.facts)["screening"]["film_title"], "created_at": row.occurred_at}
