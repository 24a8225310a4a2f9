"""Sweeps: timed work on orders that wait for something. Every process of the room does a little of it, repeatedly."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.engine import Connection

from schemas.errors import Busy
from services.foundation.database import Transactions, utc_now
from services.foundation.tracing import spans
from services.order import store
from services.order.cancelling.cancelled_screenings import CancelledScreenings
from services.order.cancelling.store import orders_of_cancelled_screenings
from services.order.paying import store as payment_store
from services.order.paying.unpaid_orders import UnpaidOrders
from services.order.refunding import store as refund_store
from services.order.refunding.refund_sender import RefundSender
from services.order.seat_boards import SeatBoards
from services.order.snacks import store as snack_store

log = logging.getLogger("marquee.order")
SWEEP_SECONDS = 15.0   # for one kind of work, when other rooms do not answer


@dataclass(frozen=True)
class Sweeps:
    """All sweeps of the order room. Each works on a batch and leaves the rest to the next time."""

    database: Transactions
    boards: SeatBoards
    unpaid_orders: UnpaidOrders
    cancelled_screenings: CancelledScreenings
    refund_sender: RefundSender

    def run_all(self) -> None:
        """Run every sweep. One that fails is logged, and runs again the next time."""
        for sweep in (self.expire_orders, self.end_cancelled_screenings, self.send_refunds, self.settle_snacks,
                      self.complete_orders, self.repair_boards):
            try:
                sweep()
            except Exception as problem:
                log.warning("%s failed", sweep.__name__, extra={"problem": f"{type(problem).__name__}: {problem}"})

    def expire_orders(self) -> None:
        """End unpaid orders past their deadline."""
        self._each(lambda tx: payment_store.dead_orders(tx, utc_now()), self.unpaid_orders.end)

    def end_cancelled_screenings(self) -> None:
        """End the orders of cancelled screenings."""
        self._each(lambda tx: orders_of_cancelled_screenings(tx, utc_now()),
                   self.cancelled_screenings.end_order)

    def send_refunds(self) -> None:
        """Send refunds again that had to wait for the payment room."""
        self._each(lambda tx: refund_store.orders_with_due_refunds(tx, utc_now()), self.refund_sender.send)

    def settle_snacks(self) -> None:
        """Ask the kitchen again about the snacks of refunded orders."""
        self._each(lambda tx: refund_store.orders_with_unsettled_snacks(tx, utc_now()), self.refund_sender.send)

    def complete_orders(self) -> None:
        """Close orders of which nothing is left to happen."""
        now = utc_now()
        self._each(lambda tx: snack_store.complete_orders(tx, now),
                   lambda order_id: self.database.run(partial(snack_store.complete, order_id=order_id, now=now)))

    def _each(self, find: Callable[[Connection], list[str]], work: Callable[[str], object]) -> None:
        """Work on each order found, for SWEEP_SECONDS at most, so no hopeless order or silent room holds up others."""
        ends = time.monotonic() + SWEEP_SECONDS
        for order_id, cause in self.database.read(lambda tx: store.causes(tx, find(tx))):
            try:
                with spans.following(cause, "sweep order", {"marquee.order_id": order_id}):
                    work(order_id)
            except Busy as refusal:
                log.warning("an order has to wait", extra={"order_id": order_id, "reason": refusal.code})
            except Exception:
                log.exception("a sweep of an order failed", extra={"order_id": order_id})
            if time.monotonic() > ends:
                return  # the next time, orders that have not had their turn come first

    def repair_boards(self) -> None:
        """Rebuild boards that contradict the claims."""
        if repaired := self.boards.repair(self.database):
            log.warning("rebuilt boards that differed from the claims", extra={"count": repaired})
