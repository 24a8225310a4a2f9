"""Refunds, written with the change that makes them due and kept until their money has gone.

Snacks have a refund of their own (`rules.snack_refund_id`), written when the kitchen has said whether it had begun.
While that row is missing, the kitchen is asked again, even after a crash.
"""

import datetime as dt
import json
from typing import Any, NamedTuple

from prometheus_client import Counter
from sqlalchemy import Row, delete, insert, literal, select, update
from sqlalchemy.engine import Connection

from services.foundation import metrics
from services.foundation.database import utc_now
from services.foundation.ids import new_id
from services.foundation.tracing.trace_context import traceparent
from services.order import rules, store
from services.order.admitting.store import void
from services.order.models import Base
from services.order.order_view import OrderView, Rows
from services.order.screenings import refund_policy
from services.order.store import claims, orders

refunds = Base.metadata.tables["refund"]
BATCH = 100
SEATS_REFUNDED = Counter("marquee_seats_refunded_total", "Seats that were given back.")
HOUSE_REASONS = ("screening_cancelled", "reversed")  # for which the cinema ends an order; the first counts
SENT_AT_ONCE = dt.timedelta(seconds=15)  # meanwhile the request that made a refund sends it; then the sweep does


# --- seats ---


def refund_seats(tx: Connection, view: OrderView, plan: refund_policy.RefundPlan, reason: str = "asked") -> None:
    """Void the tickets of a locked order, free their seats, and write the refund.

    Raises TicketsUsed if a guest has been admitted meanwhile, unless the house gives the money back.
    """
    row = view.row
    event_fields = {"reason": reason, "refund": {"amount": plan.amount, "seats": plan.seats}}
    store.move(tx, view, "refunding" if plan.whole else "part_refunded", plan.seats, event_fields,
               refunded=row.refunded + plan.amount, end_reason=reason if plan.whole else None)
    void(tx, row.order_id, plan.seats, even_used=reason in HOUSE_REASONS)
    tx.execute(delete(claims).where(claims.c.order_id == row.order_id, claims.c.seat_id.in_(plan.seats)))
    _add(tx, row, new_id(), reason, plan.amount, plan.kept, plan.to_wallet, plan.seats)
    metrics.count_after_commit(tx, SEATS_REFUNDED, len(plan.seats))


def _add(tx: Connection, row: Row[Any], refund_id: str, reason: str, amount: int, kept: int, to_wallet: bool,
         seats: list[str] | None = None) -> None:
    now = utc_now()
    tx.execute(insert(refunds), {"refund_id": refund_id, "order_id": row.order_id, "amount": amount, "kept": kept,
                                 "seats": seats and json.dumps(seats), "to_wallet": to_wallet, "reason": reason,
                                 "currency": row.currency,
                                 "status": "requested", "requested_at": now, "ask_again_at": now + SENT_AT_ONCE,
                                 "traceparent": traceparent()})


# --- money for orders that had ended ---


def is_late_payment_owed(tx: Connection, view: OrderView) -> bool:
    """Whether a late payment of this order goes back, or has gone."""
    return tx.execute(select(refunds.c.refund_id).where(refunds.c.refund_id == view.row.order_id)).first() is not None


def owe_late_payment(tx: Connection, view: OrderView) -> None:
    """Write, once, the refund of all the money that came for an order that had ended."""
    row = view.row
    if row.total and not is_late_payment_owed(tx, view):
        _record_late_payment(tx, view, row.total)
        _add(tx, row, row.order_id, "paid_late", row.total, 0, to_wallet=False)


def record_foreign_refund(tx: Connection, view: OrderView, amount: int) -> None:
    """Write the event, once, that the payment room itself gives back money of an order that had ended."""
    if view.row.status in rules.ENDED_UNPAID and not view.row.refunded:
        _record_late_payment(tx, view, amount)


def _record_late_payment(tx: Connection, view: OrderView, amount: int) -> None:
    event_fields = {"reason": "paid_late", "refund": {"amount": amount, "seats": []}}
    store.change(tx, view, "paid_late", event_fields=event_fields, refunded=view.row.refunded + amount,
                 end_reason="paid_late")


# --- reading ---


def refunds_of(tx: Connection, order_id: str) -> Rows:
    """The order's refunds that give something back, the oldest first."""
    query = select(refunds).where(refunds.c.order_id == order_id, refunds.c.amount > 0)
    return tx.execute(query.order_by(refunds.c.requested_at, refunds.c.refund_id)).all()


# --- sending ---


def open_refunds(tx: Connection, order_id: str) -> Rows:
    """The order's refunds that the payment room has not confirmed, each with its buyer."""
    query = select(refunds, orders.c.buyer_id).join(orders, orders.c.order_id == refunds.c.order_id)
    return tx.execute(query.where(refunds.c.status == "requested", refunds.c.order_id == order_id)).all()


def orders_with_due_refunds(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders with a refund to be sent now, the one due longest first."""
    query = select(refunds.c.order_id).where(refunds.c.status == "requested", refunds.c.ask_again_at <= now)
    return list(dict.fromkeys(tx.execute(query.order_by(refunds.c.ask_again_at).limit(BATCH)).scalars()))


def defer_until(tx: Connection, refund_id: str, until: dt.datetime) -> None:
    """Send a refund no earlier than then."""
    tx.execute(update(refunds).where(refunds.c.refund_id == refund_id).values(ask_again_at=until))


def finish_refund(tx: Connection, refund_id: str, order_id: str) -> None:
    """Mark a refund as done; the order is `refunded` when it was the last."""
    view = store.lock(tx, order_id)
    tx.execute(update(refunds).where(refunds.c.refund_id == refund_id).values(status="done"))
    if view.row.status == "refunding" and not open_refunds(tx, order_id) and snacks_unsettled_since(tx, view) is None:
        last, snacks = _last_of_seats(tx, order_id), _refunded_for_snacks(tx, order_id)
        store.move(tx, view, "refunded", event_fields={
            "reason": last.reason, "snacks_refunded": snacks,
            "last_refund": last.seats and {"seats": json.loads(last.seats), "amount": last.amount + snacks}})


def _last_of_seats(tx: Connection, order_id: str) -> Row[Any]:
    """The refund of the seats that were given back last."""
    of_snacks = rules.snack_refund_id(order_id)
    query = select(refunds).where(refunds.c.order_id == order_id, refunds.c.refund_id != of_snacks)
    return tx.execute(query.order_by(refunds.c.requested_at.desc(), refunds.c.refund_id.desc()).limit(1)).one()


# --- snacks ---


def snacks_unsettled_since(tx: Connection, view: OrderView) -> dt.datetime | None:
    """Since when the refund of a refunded order's snacks is to be written; None: it is written, or there are none."""
    if view.row.status != "refunding" or not view.snacks:
        return None
    settled = select(refunds.c.refund_id).where(refunds.c.refund_id == rules.snack_refund_id(view.row.order_id))
    return view.row.changed_at if tx.execute(settled).first() is None else None


class SnackRefund(NamedTuple):
    """What goes back for an order's snacks, and why."""

    reason: str
    amount: int


def _refunded_for_snacks(tx: Connection, order_id: str) -> int:
    amount = select(refunds.c.amount).where(refunds.c.refund_id == rules.snack_refund_id(order_id))
    return tx.execute(amount).scalar() or 0


def owe_for_snacks(tx: Connection, order_id: str, in_time: bool) -> SnackRefund | None:
    """Write, once, the refund of an order's snacks; `in_time`: before the kitchen began. None: it was there already."""
    view = store.lock(tx, order_id)
    if snacks_unsettled_since(tx, view) is None:
        return None
    before = tx.execute(select(refunds).filter_by(order_id=order_id).order_by(refunds.c.requested_at)).all()
    reason = next((reason for reason in HOUSE_REASONS if reason in {row.reason for row in before}), "asked")
    back = refund_policy.snacks_back(view.snacks_total, reason, in_time)
    _add(tx, view.row, rules.snack_refund_id(order_id), reason, back, view.snacks_total - back, before[-1].to_wallet)
    tx.execute(update(orders).where(orders.c.order_id == order_id).values(refunded=view.row.refunded + back))
    return SnackRefund(reason, back)


def orders_with_unsettled_snacks(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders being refunded with snacks about which the kitchen is to be asked now."""
    settled = select(refunds.c.refund_id).where(
        refunds.c.refund_id == literal(rules.SNACK_REFUND_PREFIX).concat(orders.c.order_id))
    query = select(orders.c.order_id).where(orders.c.status == "refunding", orders.c.changed_at < now - SENT_AT_ONCE,
                                            orders.c.kitchen_status.is_not(None), store.may_be_asked(now),
                                            ~settled.exists())
    return list(tx.execute(query.order_by(orders.c.ask_again_at).limit(BATCH)).scalars())
