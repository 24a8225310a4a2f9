"""Money that an order has to give back: written down with the change that makes it so, until it has gone."""

import datetime as dt
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.engine import Connection

from services.foundation.database import utc_now
from services.foundation.ids import new_id
from services.order import rules, store
from services.order.models import Base
from services.order.store import claims, tickets

refunds = Base.metadata.tables["refund"]


def give_back(tx: Connection, view: store.OrderView, plan: rules.RefundPlan, reason: str = "asked") -> str:
    """Void the tickets, free the seats, and write down what is owed; returns the refund's id."""
    row, refund_id = view.row, new_id()
    said = {"reason": reason, "refund": {"amount": plan.amount, "seats": plan.seats}}
    store.move(tx, view, "refunding" if plan.whole else "part_refunded", plan.seats, said,
               refunded=row.refunded + plan.amount)
    mine = (tickets.c.order_id == row.order_id, tickets.c.seat_id.in_(plan.seats))
    tx.execute(update(tickets).where(*mine, tickets.c.status == "valid").values(status="void"))
    tx.execute(delete(claims).where(claims.c.order_id == row.order_id, claims.c.seat_id.in_(plan.seats)))
    _owe(tx, row, refund_id, reason, plan.amount, plan.kept)
    return refund_id


def is_owed_back(tx: Connection, view: store.OrderView) -> bool:
    """Whether late money for this order goes back, or has gone."""
    return tx.execute(select(refunds.c.refund_id).where(refunds.c.refund_id == view.row.order_id)).first() is not None


def owe_back(tx: Connection, view: store.OrderView) -> None:
    """Money came in for an order that has ended: write down, once, that it goes back."""
    row = view.row
    if not is_owed_back(tx, view):
        said = {"reason": "paid_late", "refund": {"amount": row.total, "seats": []}}
        store.change(tx, view, "paid_late", said=said, refunded=row.total)
        _owe(tx, row, row.order_id, "paid_late", row.total)


def _owe(tx: Connection, row: Row[Any], refund_id: str, reason: str, amount: int, kept: int = 0) -> None:
    tx.execute(insert(refunds), {"refund_id": refund_id, "order_id": row.order_id, "amount": amount, "kept": kept,
                                 "reason": reason, "currency": row.currency, "status": "requested",
                                 "requested_at": utc_now()})


def open_refunds(tx: Connection, order_id: str | None = None, before: dt.datetime | None = None) -> store.Rows:
    """Refunds the payment room has not confirmed: of one order, or all asked for before a moment."""
    query = select(refunds).where(refunds.c.status == "requested")
    if order_id is not None:
        query = query.where(refunds.c.order_id == order_id)
    if before is not None:
        query = query.where(refunds.c.requested_at < before)
    return tx.execute(query.limit(100)).all()


def refund_done(tx: Connection, refund_id: str, order_id: str) -> None:
    """The money went back. The order is `refunded` when nothing of it is left."""
    view = store.lock(tx, order_id)
    tx.execute(update(refunds).where(refunds.c.refund_id == refund_id).values(status="done"))
    if view.row.status == "refunding" and not open_refunds(tx, order_id):
        last = select(refunds.c.reason).where(refunds.c.order_id == order_id).order_by(refunds.c.requested_at.desc())
        store.move(tx, view, "refunded", said={"reason": tx.execute(last.limit(1)).scalar()})
