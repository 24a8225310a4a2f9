"""Cancelling a screening: nothing more is sold, and everybody gets everything back.

The row in `cancelled_screening` is the decision; the event written with it takes the screening off the film room's
programme. The orders are ended one by one, by whichever process comes to it, and are found again after a crash because
they are still to be ended.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, or_, select
from sqlalchemy.engine import Connection

from schemas.film import ScreeningCancelled
from schemas.order import SCREENING_CANCELLED
from services.foundation.database import Transactions, utc_now
from services.foundation.events import outbox
from services.foundation.rpc.idempotency import Keys
from services.order import rules, store
from services.order.models import OUTBOX, Base
from services.order.paying.payments import Till
from services.order.refunding import refund_policy, refunds
from services.order.seat_boards import Boards

tables = Base.metadata.tables
cancelled, orders, refunded = tables["cancelled_screening"], tables["orders"], tables["refund"]
ALIVE = rules.UNPAID | rules.OWNS_SEATS
# For orders that were being written when the screening was cancelled, and payments that somebody has to look at.
LOOKED_AFTER = dt.timedelta(days=90)


def decide(database: Transactions, keys: Keys, request: dict[str, Any], by: str) -> dict[str, Any]:
    """Cancel the screening, or in a dry run do not; what is then still to be done, as `summary` puts it."""
    def work(tx: Connection) -> dict[str, Any]:
        if not request["dry_run"]:
            _cancel(tx, request["screening_id"], by)
        return {**summary(tx, request["screening_id"]), "dry_run": request["dry_run"]}

    return keys.once(database, work)


def _cancel(tx: Connection, screening_id: str, by: str) -> None:
    # The first time counts.
    row = {"screening_id": screening_id, "cancelled_by": by, "cancelled_at": utc_now()}
    if tx.execute(insert(cancelled).prefix_with("IGNORE"), row).rowcount:
        outbox.write(tx, OUTBOX, SCREENING_CANCELLED, about=screening_id, sequence=1, body=row)


def refuse_cancelled(tx: Connection, screening_id: str) -> None:
    """Raise ScreeningCancelled for such a screening."""
    if store.is_cancelled(tx, screening_id):
        raise ScreeningCancelled(screening_id=screening_id)


def summary(tx: Connection, screening_id: str) -> dict[str, Any]:
    """What is still to be done for this screening, in the fields of schemas.order.cancellation.CancelScreeningReply."""
    kept = select(func.coalesce(func.sum(refunded.c.kept), 0)).where(refunded.c.order_id == orders.c.order_id)
    rows = tx.execute(
        select(orders.c.status, orders.c.currency, func.count().label("count"),
               func.sum(orders.c.total - orders.c.refunded - kept.scalar_subquery()).label("worth"))
        .where(orders.c.screening_id == screening_id, orders.c.status.in_(ALIVE | {"refunding", "review"}))
        .group_by(orders.c.status, orders.c.currency)
    ).all()
    paid = [row for row in rows if row.status in rules.OWNS_SEATS]
    decided = tx.execute(select(cancelled.c.cancelled_at).where(cancelled.c.screening_id == screening_id)).scalar()
    return {
        "screening_id": screening_id, "cancelled_at": decided,
        "unpaid_orders": sum(row.count for row in rows if row.status in rules.UNPAID),
        "paid_orders": sum(row.count for row in paid),
        "orders_being_refunded": sum(row.count for row in rows if row.status == "refunding"),
        "orders_in_review": sum(row.count for row in rows if row.status == "review"),
        "amount": int(sum(row.worth for row in paid)), "currency": paid[0].currency if paid else None,
    }


def still_alive(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders for cancelled screenings that are to be ended now, last those for which the payment room is asked."""
    return list(tx.execute(
        select(orders.c.order_id)
        .join(cancelled, cancelled.c.screening_id == orders.c.screening_id)
        .where(cancelled.c.cancelled_at > now - LOOKED_AFTER, orders.c.status.in_(ALIVE),
               or_(orders.c.status != "paying", store.may_be_asked(now)))
        .order_by(orders.c.status == "paying", orders.c.ask_again_at)
    ).scalars())


@dataclass(frozen=True)
class Ending:
    """Ends the orders of cancelled screenings, one by one."""

    database: Transactions
    boards: Boards
    till: Till

    def end(self, order_id: str) -> None:
        """Drop the order, or give everything back. Raises Busy when that has to wait."""
        if self.database.read(lambda tx: store.find(tx, order_id)).row.status in rules.UNPAID:
            ended = self.till.settle(order_id, "cancelled", "screening_cancelled")
            if ended.row.status in rules.ENDED_UNPAID:
                return

        def give_back(tx: Connection) -> tuple[store.OrderView, refund_policy.RefundPlan] | None:
            view = store.lock(tx, order_id)
            if view.row.status not in rules.OWNS_SEATS:
                return None  # the buyer was faster, or is paying just now: then it is for the next pass
            plan = refund_policy.full_refund(view.valid_prices)
            refunds.give_back(tx, view, plan, reason="screening_cancelled")
            return view, plan

        if given := self.database.run(give_back):
            view, plan = given
            self.boards.show_free(view.row.screening_id, view.row.board_owner, plan.seats)
            self.till.send_refunds(order_id)
