"""How far the kitchen is with an order's snacks, and which orders are over."""

import datetime as dt
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from services.order import rules, store
from services.order.store import orders

BATCH = 500


def record_step(tx: Connection, step: dict[str, Any], sequence: int) -> None:
    """Record the body of a `kitchen.step`. Steps may come twice or late: only one later than the last counts."""
    tx.execute(update(orders).where(orders.c.order_id == step["order_id"], orders.c.kitchen_sequence < sequence)
               .values(kitchen_status=step["status"], pick_up_code=step["pick_up_code"],
                       needed_at=step["needed_at"], kitchen_sequence=sequence))


def complete_orders(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders whose screening is over and whose snacks, if any, are not waiting for their guest."""
    none_wait = orders.c.kitchen_status.is_(None) | orders.c.kitchen_status.in_(rules.SNACKS_OVER)
    query = select(orders.c.order_id).where(orders.c.status.in_(rules.REFUNDABLE), orders.c.ends_at <= now, none_wait)
    return list(tx.execute(query.order_by(orders.c.ends_at).limit(BATCH)).scalars())


def complete(tx: Connection, order_id: str, now: dt.datetime) -> None:
    """Close an order of which nothing is left to happen."""
    view = store.lock(tx, order_id)
    if rules.is_complete(view.row.status, view.row.ends_at, view.row.kitchen_status, now):
        store.move(tx, view, "completed")
