"""Cancelling a screening: nothing more is sold, and everybody gets everything back.

The row in `cancelled_screening` is the decision; the event written with it takes the screening off the film room's
programme. Sweeps end the orders one by one, and find them again after a crash, because they are still to be ended.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from schemas.film import ScreeningCancelled
from schemas.order import CANCEL_SCREENING, OPERATED, SCREENING_CANCELLED
from schemas.order.refusals import GuestsAdmitted
from services.foundation.database import Transactions, utc_now
from services.foundation.events import outbox
from services.foundation.events.operations import write_operation
from services.foundation.rpc.calls import Principal
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order import rules
from services.order import store as order_store
from services.order.admitting.store import count_admitted
from services.order.cancelling.store import orders_to_end
from services.order.models import OUTBOX
from services.order.paying.unpaid_orders import UnpaidOrders
from services.order.refunding.refunds import Refunds
from services.order.screenings import store
from services.order.screenings.screening_snapshot import ScreeningSnapshot


def decide(database: Transactions, key: IdempotencyKey, manager: Principal, screening: ScreeningSnapshot,
           dry_run: bool, although_admitted: bool, reason: str | None) -> dict[str, Any]:
    """Cancel the screening, or in a dry run do not; the reply, a schemas.order.cancellation.CancelScreeningReply.

    Raises GuestsAdmitted if guests are in, unless it is cancelled `although_admitted`.
    """
    def work(tx: Connection) -> dict[str, Any]:
        if not dry_run:
            admitted = 0 if although_admitted else count_admitted(tx, screening.screening_id)
            if admitted and not store.is_cancelled(tx, screening.screening_id):
                raise GuestsAdmitted(admitted=admitted)
            _cancel(tx, manager, screening, reason)
        return {**_summary(tx, screening.screening_id), "dry_run": dry_run}

    return key.run_once(database, work)


def _cancel(tx: Connection, manager: Principal, screening: ScreeningSnapshot, reason: str | None) -> None:
    screening_id, now = screening.screening_id, utc_now()
    row = {"screening_id": screening_id, "cancelled_by": manager.user_id, "cancelled_at": now}
    if store.add_cancelled(tx, row):
        outbox.write(tx, OUTBOX, SCREENING_CANCELLED, about=screening_id, sequence=1, body=row)
        orders = {name: count for name, count in _summary(tx, screening_id).items() if name.endswith("_orders")}
        write_operation(tx, OUTBOX, OPERATED, manager, CANCEL_SCREENING, about=screening_id,
                        cinema_id=screening.cinema_id, before={"cancelled_at": None, **orders},
                        after={"cancelled_at": now.isoformat()}, reason=reason)


def check_not_cancelled(tx: Connection, screening_id: str) -> None:
    """Raise ScreeningCancelled for a cancelled screening."""
    if store.is_cancelled(tx, screening_id):
        raise ScreeningCancelled(screening_id=screening_id)


def _summary(tx: Connection, screening_id: str) -> dict[str, Any]:
    rows = orders_to_end(tx, screening_id)
    paid = [row for row in rows if row.status in rules.OWNS_SEATS]
    return {
        "screening_id": screening_id, "cancelled_at": store.cancelled_at(tx, screening_id),
        "unpaid_orders": sum(row.count for row in rows if row.status in rules.UNPAID),
        "paid_orders": sum(row.count for row in paid),
        "orders_being_refunded": sum(row.count for row in rows if row.status == "refunding"),
        "orders_in_review": sum(row.count for row in rows if row.status == "review"),
        "admitted": count_admitted(tx, screening_id),
        "amount": int(sum(row.worth for row in paid)), "currency": paid[0].currency if paid else None,
    }


@dataclass(frozen=True)
class CancelledScreenings:
    """Ends the orders of cancelled screenings, one at a time."""

    database: Transactions
    unpaid_orders: UnpaidOrders
    refunds: Refunds

    def end_order(self, order_id: str) -> None:
        """Drop an order for a cancelled screening, or give everything back. Raises Busy when that has to wait."""
        view = self.database.read(lambda tx: order_store.find(tx, order_id))
        if view.row.status in rules.UNPAID:
            ended = self.unpaid_orders.end(order_id, "cancelled", "screening_cancelled")
            if ended.row.status in rules.ENDED_UNPAID:
                return
        self.refunds.refund_everything(order_id, "screening_cancelled")
