"""Refunds that the house decides: each leaves an operation with its money, in the transaction that writes the refund.

They are written one by one, often long after the decision, which the operation names.
"""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from schemas.base import Method
from schemas.order import CANCEL_SCREENING, OPERATED
from services.foundation.events.operations import operator, write_operation
from services.foundation.rpc.calls import Principal
from services.order import store as order_store
from services.order.models import OUTBOX
from services.order.order_view import OrderView
from services.order.refunding import store
from services.order.screenings.refund_policy import RefundPlan
from services.order.screenings.store import cancelled_by


def refund_seats(tx: Connection, view: OrderView, plan: RefundPlan, reason: str) -> None:
    """Void the tickets of a locked order, free their seats, and write the refund, for one of store.HOUSE_REASONS."""
    store.refund_seats(tx, view, plan, reason)
    _write_operation(tx, view.row, reason, plan.amount)


def owe_for_snacks(tx: Connection, order_id: str, in_time: bool) -> None:
    """Write, once, the refund of an order's snacks; `in_time`: before the kitchen began."""
    owed = store.owe_for_snacks(tx, order_id, in_time)
    if owed and owed.reason in store.HOUSE_REASONS:
        _write_operation(tx, order_store.find(tx, order_id).row, owed.reason, owed.amount)


def _write_operation(tx: Connection, order: Row[Any], reason: str, amount: int) -> None:
    actor, method = _decision(tx, order, reason)
    write_operation(tx, OUTBOX, OPERATED, actor, method, about=order.order_id, cinema_id=order.cinema_id,
                    before=None, after={"given_back": amount}, reason=reason,
                    money={"amount": -amount, "currency": order.currency, "source_id": order.order_id})


def _decision(tx: Connection, order: Row[Any], reason: str) -> tuple[Principal, Method | str]:
    """Who decided, as far as the room remembers, and by which method."""
    if reason == "screening_cancelled" and (manager := cancelled_by(tx, order.screening_id)):
        return Principal(user_id=manager, username=manager), CANCEL_SCREENING
    return operator("review decide"), "review.decide"
