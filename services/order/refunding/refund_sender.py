"""Sending refunds: the payment room gives the money back, and the order becomes refunded."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection

from schemas import payment
from schemas.errors import Busy, RoomSilent
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.client import RemoteCaller
from services.foundation.tracing import spans
from services.order import rules
from services.order import store as order_store
from services.order.faults import log_fault
from services.order.order_view import OrderView
from services.order.refunding import house_refunds, store
from services.order.snacks import returns

log = logging.getLogger("marquee.order")


@dataclass(frozen=True)
class RefundSender:
    """Sends the refunds that `refunding.store` holds, each once however often this is repeated."""

    database: Transactions
    remote: RemoteCaller

    def send_or_defer(self, order_id: str,
                      follow_up: Callable[[Connection, OrderView], None] | None = None) -> OrderView:
        """Send an order's refunds as far as that is possible now; a sweep sends the rest.

        Returns the order, after `follow_up(tx, order)`.
        """
        try:
            self.send(order_id)
        except Busy as refusal:
            log.warning("a refund has to wait", extra={"order_id": order_id, "reason": refusal.code})

        def find(tx: Connection) -> OrderView:
            view = order_store.find(tx, order_id)
            if follow_up:
                follow_up(tx, view)
            return view

        return self.database.run_repeatable(find)

    def send(self, order_id: str) -> None:
        """Send an order's open refunds. Raises Busy when one has to wait.

        First asks the kitchen whether the order's snacks are refunded too.
        """
        self.settle_snacks(order_id)
        for refund in self.database.read(lambda tx: store.open_refunds(tx, order_id)):
            if refund.amount:  # by the order's terms it may be nothing at all
                with spans.following(refund.traceparent, "send refund", {"marquee.order_id": order_id}):
                    self._send(refund)
            self.database.run_repeatable(partial(store.finish_refund, refund_id=refund.refund_id, order_id=order_id))

    def _send(self, refund: Any) -> None:
        try:
            self.remote.call(payment.REFUND, {
                **{name: getattr(refund, name) for name in ("refund_id", "order_id", "amount", "currency")},
                "credit_to": refund.buyer_id if refund.to_wallet else None})
        except Exception as problem:
            until = rules.retry_at(refund.requested_at, utc_now())
            self.database.run(lambda tx: store.defer_until(tx, refund.refund_id, until))
            if isinstance(problem, Busy):
                raise
            log.exception("a refund is refused", extra={"order_id": refund.order_id, "refund_id": refund.refund_id})
            raise RoomSilent(room="payment") from None

    def settle_snacks(self, order_id: str) -> None:
        """Book once whether the money for a refunded order's snacks goes back, as the kitchen says.

        If the kitchen fails, it is asked again later: the refund of the seats does not wait for it.
        """
        row, refunded_at = self.database.read(lambda tx: self._unsettled(tx, order_id))
        if refunded_at is None:
            return
        try:
            in_time = returns.give_up(self.remote, row, refunded_at)
        except Exception as problem:
            log_fault(problem, "the refund of snacks has to wait", order_id)
            until = rules.retry_at(refunded_at, utc_now())
            self.database.run(lambda tx: order_store.defer_until(tx, order_id, until))
            return
        self.database.run_repeatable(lambda tx: house_refunds.owe_for_snacks(tx, order_id, in_time))

    def _unsettled(self, tx: Connection, order_id: str) -> tuple[Any, Any]:
        view = order_store.find(tx, order_id)
        return view.row, store.snacks_unsettled_since(tx, view)
