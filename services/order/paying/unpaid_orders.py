"""Ending unpaid orders. Seats are given back only once it is known that the order was not paid for.

So the payment room closes the payment first. No transaction is open while it is asked.
"""

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from schemas import payment
from schemas.errors import Busy, RoomSilent
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.client import RemoteCaller
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order import rules, store
from services.order.order_view import OrderView
from services.order.paying.captured_payments import CapturedPayments, FollowUp
from services.order.replies.serializers import order_reply
from services.order.seat_boards import SeatBoards

log = logging.getLogger("marquee.order")


@dataclass(frozen=True)
class UnpaidOrders:
    """Expiring and cancelling orders that are not paid."""

    database: Transactions
    boards: SeatBoards
    remote: RemoteCaller
    captured_payments: CapturedPayments

    def cancel(self, key: IdempotencyKey, buyer_id: str, order_id: str) -> dict[str, Any]:
        """Drop an unpaid order for its buyer; the reply, a schemas.order.Order. An order paid meanwhile stays.

        Raises OrderNotCancellable for such an order, TicketsUsed when guests of it are in, or Busy while the payment
        room can't say.
        """
        def find(tx: Connection) -> OrderView:
            view = store.find(tx, order_id, buyer_id)
            key.raise_if_answered(tx)  # afterwards, to find the answer of a copy that has just cancelled, too
            return view

        now = utc_now()
        found = self.database.run(find)
        rules.check_unused(found.seat_ids, found.admitted_seats)
        rules.check_cancellable(found.row.status)
        view = self.end(order_id, "cancelled", "asked", lambda tx, view: key.store_reply(tx, order_reply(view, now)))
        self.database.run(key.raise_if_answered)
        if view.row.status != "cancelled":
            rules.check_cancellable(view.row.status)
            raise Busy(retry_after=1)  # a payment has just begun
        return order_reply(view, now)

    def expire_if_due(self, view: OrderView) -> OrderView:
        """The order, ended first if its time is over, so that no dead order is shown as alive.

        An order that is being paid stays: only the provider knows how it ends, and a reader does not wait for it.
        """
        if view.row.status == "paying" or not rules.is_dead(view.row.status, view.row.expires_at, utc_now()):
            return view
        try:
            return self.end(view.row.order_id)
        except Busy:
            return view  # the payment room can't say yet

    def end(self, order_id: str, target: str = "expired", reason: str | None = None,
            follow_up: FollowUp | None = None) -> OrderView:
        """End an unpaid order as `target`, and `follow_up(tx, ended order)`; if its money has come, it becomes paid.

        `expired` needs the deadline to be over. Raises Busy when the payment room can't say: then the order stays as
        it is, and is deferred.
        """
        view, may_end = self.database.read(lambda tx: self._look(tx, order_id, target))
        if not may_end:
            return view
        if view.row.status == "paying" and self._close_payment(view):
            return self.captured_payments.apply(order_id)

        def end(tx: Connection) -> OrderView:
            locked, may_end = self._look(tx, order_id, target, for_update=True)
            # A payment may have begun since we asked; then the next sweep ends the order.
            if may_end and locked.row.status == view.row.status and locked.row.status in rules.UNPAID:
                store.end_unpaid(tx, locked, target, reason)
                locked = store.find(tx, order_id)
                if follow_up:
                    follow_up(tx, locked)
            return locked

        ended = self.database.run_repeatable(end)
        if ended.row.status == target:
            self.boards.publish_free(ended.row.screening_id, ended.row.board_owner, ended.seat_ids)
        return ended

    def _look(self, tx: Connection, order_id: str, target: str, for_update: bool = False) -> tuple[OrderView, bool]:
        """The order, and whether it may end as `target`.

        To expire, it is locked even if only its payment is closed next, which nothing can take back: so we wait for a
        buyer who is getting more time, and whoever asks for more after us is too late.
        """
        expires = target == "expired"
        view = store.lock(tx, order_id) if expires or for_update else store.find(tx, order_id)
        row = view.row
        lives = row.status in rules.UNPAID and not rules.is_dead(row.status, row.expires_at, utc_now())
        return view, not (expires and lives)

    def _close_payment(self, view: OrderView) -> int:
        """Have the payment room take no more money for the order; the amount that it has taken. Raises Busy."""
        row = view.row
        try:
            return int(self.remote.call(payment.CLOSE, {"order_id": row.order_id})["captured"])
        except Exception as problem:
            until = rules.retry_at(row.expires_at, utc_now())
            self.database.run(lambda tx: store.defer_until(tx, row.order_id, until))
            self.boards.publish_held(row.screening_id, row.board_owner, max(row.expires_at, until), view.seat_ids)
            if isinstance(problem, Busy):
                raise
            log.exception("a payment can't be closed", extra={"order_id": row.order_id})
            raise RoomSilent(room="payment") from None
