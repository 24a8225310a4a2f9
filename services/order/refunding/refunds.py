"""Money that an order has to give back: written down with the change that makes it so, until it has gone.

Snacks have a refund of their own, `snacks-<order_id>`, written when the kitchen has said whether it has begun: an order
whose refund has no such row yet is asked for there again, whatever died in between.
"""

import datetime as dt
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.engine import Connection

from services.foundation.database import utc_now
from services.foundation.ids import new_id
from services.order import rules, store
from services.order.buying import seat_groups
from services.order.models import Base
from services.order.refunding import refund_policy
from services.order.store import claims, orders, tickets

refunds = Base.metadata.tables["refund"]
AT_A_TIME = 100
REASONS = ("screening_cancelled", "reversed")  # for which the house ends an order; the first counts
SENT_BY_THEN = dt.timedelta(seconds=15)  # who asked for a refund sends it first


def plan(view: store.OrderView, request: dict[str, Any], now: dt.datetime) -> refund_policy.RefundPlan:
    """What would go back now for what a schemas.order.RefundPreviewRequest names."""
    seats = refund_policy.plan_refund(view.row.status, view.valid_prices, request.get("seats"), view.tiers, now)
    seat_groups.check_returning(view.valid_seats, seats.seats)
    return refund_policy.with_snacks(seats, view.snacks_worth, view.row.kitchen_status)


def give_back(tx: Connection, view: store.OrderView, plan: refund_policy.RefundPlan, reason: str = "asked") -> str:
    """Void the tickets, free the seats, and write down what is owed; returns the refund's id."""
    row, refund_id = view.row, new_id()
    said = {"reason": reason, "refund": {"amount": plan.amount, "seats": plan.seats}}
    store.move(tx, view, "refunding" if plan.whole else "part_refunded", plan.seats, said,
               refunded=row.refunded + plan.amount, end_reason=reason if plan.whole else None)
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
    if row.total and not is_owed_back(tx, view):
        _tell_of(tx, view, row.total)
        _owe(tx, row, row.order_id, "paid_late", row.total)


def tell_of(tx: Connection, view: store.OrderView, amount: int) -> None:
    """The payment room gives back by itself what came in for an order that has ended: its buyer hears of it, once."""
    if view.row.status in rules.ENDED_UNPAID and not view.row.refunded:
        _tell_of(tx, view, amount)


def _tell_of(tx: Connection, view: store.OrderView, amount: int) -> None:
    said = {"reason": "paid_late", "refund": {"amount": amount, "seats": []}}
    store.change(tx, view, "paid_late", said=said, refunded=view.row.refunded + amount, end_reason="paid_late")


def _owe(tx: Connection, row: Row[Any], refund_id: str, reason: str, amount: int, kept: int = 0) -> None:
    now = utc_now()
    tx.execute(insert(refunds), {"refund_id": refund_id, "order_id": row.order_id, "amount": amount, "kept": kept,
                                 "reason": reason, "currency": row.currency, "status": "requested",
                                 "requested_at": now, "ask_again_at": now + SENT_BY_THEN})


def open_refunds(tx: Connection, order_id: str) -> store.Rows:
    """The order's refunds that the payment room has not confirmed."""
    return tx.execute(select(refunds).where(refunds.c.status == "requested", refunds.c.order_id == order_id)).all()


def due(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders with a refund to be sent, again or at last; the one longest due first."""
    query = select(refunds.c.order_id).where(refunds.c.status == "requested", refunds.c.ask_again_at <= now)
    return list(dict.fromkeys(tx.execute(query.order_by(refunds.c.ask_again_at).limit(AT_A_TIME)).scalars()))


def leave_alone(tx: Connection, refund_id: str, until: dt.datetime) -> None:
    """It can't be sent now."""
    tx.execute(update(refunds).where(refunds.c.refund_id == refund_id).values(ask_again_at=until))


def refund_done(tx: Connection, refund_id: str, order_id: str) -> None:
    """The money went back. The order is `refunded` when nothing of it is left."""
    view = store.lock(tx, order_id)
    tx.execute(update(refunds).where(refunds.c.refund_id == refund_id).values(status="done"))
    if view.row.status == "refunding" and not open_refunds(tx, order_id) and snacks_open_since(tx, view) is None:
        last = select(refunds.c.reason).where(refunds.c.order_id == order_id).order_by(refunds.c.requested_at.desc())
        store.move(tx, view, "refunded", said={"reason": tx.execute(last.limit(1)).scalar()})


# --- snacks ---


def snacks_open_since(tx: Connection, view: store.OrderView) -> dt.datetime | None:
    """Since when it is to be booked what becomes of a refunded order's snacks; None: it is not, or no longer."""
    if view.row.status != "refunding" or not view.snacks:
        return None
    booked = select(refunds.c.refund_id).where(refunds.c.refund_id == _of_snacks(view.row.order_id))
    return view.row.changed_at if tx.execute(booked).first() is None else None


def owe_for_snacks(tx: Connection, order_id: str, in_time: bool) -> None:
    """Write down, once, whether the snacks' money goes back; `in_time`: before the kitchen began."""
    view = store.lock(tx, order_id)
    if snacks_open_since(tx, view) is None:
        return
    reasons = set(tx.execute(select(refunds.c.reason).where(refunds.c.order_id == order_id)).scalars())
    reason = next((reason for reason in REASONS if reason in reasons), "asked")
    back = refund_policy.snacks_back(view.snacks_worth, reason, in_time)
    _owe(tx, view.row, _of_snacks(order_id), reason, back, view.snacks_worth - back)
    tx.execute(update(orders).where(orders.c.order_id == order_id).values(refunded=view.row.refunded + back))


def open_snacks(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders being refunded, with snacks of which the kitchen is to be asked, again or at last."""
    booked = select(refunds.c.refund_id).where(refunds.c.refund_id == "snacks-" + orders.c.order_id)
    query = select(orders.c.order_id).where(orders.c.status == "refunding", orders.c.changed_at < now - SENT_BY_THEN,
                                            orders.c.kitchen_status.is_not(None), store.may_be_asked(now),
                                            ~booked.exists())
    return list(tx.execute(query.order_by(orders.c.ask_again_at).limit(AT_A_TIME)).scalars())


def _of_snacks(order_id: str) -> str:
    return f"snacks-{order_id}"
