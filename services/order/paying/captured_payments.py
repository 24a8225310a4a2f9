"""Captured payments: an order whose money has come becomes paid, or its money goes back."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from schemas.order.refusals import OrderExpired
from services.foundation.database import Transactions, utc_now
from services.order import rules, store
from services.order.order_view import OrderView
from services.order.paying import store as payment_store
from services.order.refunding import store as refund_store
from services.order.refunding.refund_sender import RefundSender
from services.order.screenings.store import is_cancelled
from services.order.seat_boards import SeatBoards
from services.order.tickets.codes import TicketKeys

FollowUp = Callable[[Connection, OrderView], None]


@dataclass(frozen=True)
class CapturedPayments:
    """Applies what the payment room has captured to the orders."""

    database: Transactions
    boards: SeatBoards
    ticket_keys: TicketKeys
    refund_sender: RefundSender

    def apply(self, order_id: str, follow_up: FollowUp | None = None) -> OrderView:
        """Make an order paid whose money has been captured, and `follow_up(tx, paid order)` in that transaction.

        Once the film has begun, the order ends instead. An expired order becomes paid if all its seats are still free;
        a cancelled one never does. For an order that can't be paid any more, a refund of its money is recorded.
        Repeating this changes nothing.
        """
        view = self.database.run_repeatable(lambda tx: self._apply(tx, order_id, follow_up))
        row = view.row
        if row.status in rules.ENDED_UNPAID:
            self.boards.publish_free(row.screening_id, row.board_owner, view.seat_ids)
        else:
            self.boards.publish_sold(row.screening_id, row.board_owner, list(view.valid_prices))
        return view

    def _apply(self, tx: Connection, order_id: str, follow_up: FollowUp | None) -> OrderView:
        view = store.lock(tx, order_id)
        if view.row.status in rules.HOLDS_SEATS and rules.has_begun(view.row.starts_at, utc_now()):
            store.end_unpaid(tx, view, "expired")
            view = store.find(tx, order_id)
        if view.row.status in rules.HOLDS_SEATS:
            payment_store.mark_paid(tx, view, self.ticket_keys)
        elif view.row.status in rules.ENDED_UNPAID and not self._revive(tx, view):
            refund_store.owe_late_payment(tx, view)
        view = store.find(tx, order_id)
        if follow_up and view.row.status not in rules.ENDED_UNPAID:
            follow_up(tx, view)
        return view

    def _revive(self, tx: Connection, view: OrderView) -> bool:
        row = view.row
        lost = refund_store.is_late_payment_owed(tx, view) or is_cancelled(tx, row.screening_id)
        if lost or not rules.may_revive(row.status, row.starts_at, utc_now()):
            return False
        return payment_store.revive(tx, view, self.ticket_keys)

    def apply_or_refuse(self, order_id: str, follow_up: FollowUp | None = None) -> OrderView:
        """The same as `apply`. Raises OrderExpired when the money goes back."""
        view = self.apply(order_id, follow_up)
        if view.row.status in rules.ENDED_UNPAID:
            raise OrderExpired(order_status=view.row.status)
        return view

    def apply_or_refund(self, order_id: str) -> None:
        """The same as `apply`; money that came too late is sent back at once."""
        if self.apply(order_id).row.status in rules.ENDED_UNPAID:
            self.refund_sender.send_or_defer(order_id)
