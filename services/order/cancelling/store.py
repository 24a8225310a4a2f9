"""The orders that end because their screening is cancelled."""

import datetime as dt

from sqlalchemy import func, or_, select
from sqlalchemy.engine import Connection

from services.order import rules, store
from services.order.models import Base
from services.order.order_view import Rows
from services.order.screenings.store import cancelled
from services.order.store import orders

refunds = Base.metadata.tables["refund"]
ALIVE = rules.UNPAID | rules.OWNS_SEATS
# For orders that were being written when the screening was cancelled, and payments that a person has to review.
CANCELLATION_WATCHED = dt.timedelta(days=90)


def orders_to_end(tx: Connection, screening_id: str) -> Rows:
    """A screening's orders that have not ended: status, currency, count, and worth (what is still to go back)."""
    kept = select(func.coalesce(func.sum(refunds.c.kept), 0)).where(refunds.c.order_id == orders.c.order_id)
    return tx.execute(
        select(orders.c.status, orders.c.currency, func.count().label("count"),
               func.sum(orders.c.total - orders.c.refunded - kept.scalar_subquery()).label("worth"))
        .where(orders.c.screening_id == screening_id, orders.c.status.in_(ALIVE | {"refunding", "review"}))
        .group_by(orders.c.status, orders.c.currency)
    ).all()


def orders_of_cancelled_screenings(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders for cancelled screenings that are to be ended now; last those for which the payment room is asked."""
    return list(tx.execute(
        select(orders.c.order_id)
        .join(cancelled, cancelled.c.screening_id == orders.c.screening_id)
        .where(cancelled.c.cancelled_at > now - CANCELLATION_WATCHED, orders.c.status.in_(ALIVE),
               or_(orders.c.status != "paying", store.may_be_asked(now)))
        .order_by(orders.c.status == "paying", orders.c.ask_again_at)
    ).scalars())
