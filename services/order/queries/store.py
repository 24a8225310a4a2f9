"""The lists of orders that a buyer reads."""

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from services.order import rules
from services.order.order_view import OrderView
from services.order.store import HELD_UNTIL, orders, tickets_of, view_of


def list_orders(tx: Connection, buyer_id: str, status: str | None, cursor: str | None, limit: int) -> list[OrderView]:
    """The buyer's orders, newest first, older than `cursor`; one more than `limit` if there are more."""
    query = select(orders).where(orders.c.buyer_id == buyer_id)
    if status:
        query = query.where(orders.c.status == status)
    if cursor:
        query = query.where(orders.c.order_id < cursor)
    return _views(tx, query.order_by(orders.c.order_id.desc()).limit(limit + 1))


def next_orders(tx: Connection, buyer_id: str, now: dt.datetime, limit: int) -> list[OrderView]:
    """The buyer's orders with valid tickets whose screening is not over, the first to start at the head."""
    query = select(orders).where(orders.c.buyer_id == buyer_id, orders.c.status.in_(rules.REFUNDABLE),
                                 orders.c.ends_at > now)
    return _views(tx, query.order_by(orders.c.starts_at, orders.c.order_id).limit(limit))


def unpaid_orders(tx: Connection, buyer_id: str, now: dt.datetime, limit: int) -> list[OrderView]:
    """The buyer's unpaid orders that still hold their seats, the newest first."""
    query = select(orders).where(orders.c.buyer_id == buyer_id, orders.c.status.in_(rules.UNPAID), now < HELD_UNTIL)
    return _views(tx, query.order_by(orders.c.order_id.desc()).limit(limit))


def _views(tx: Connection, query: Any) -> list[OrderView]:
    rows = tx.execute(query).all()
    found = tickets_of(tx, *(row.order_id for row in rows)) if rows else []
    return [view_of(row, [ticket for ticket in found if ticket.order_id == row.order_id]) for row in rows]
