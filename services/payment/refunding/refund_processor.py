"""Giving money back: refunds are sent to the provider, and reversals that were made there are recorded."""

import logging
from dataclasses import dataclass, replace
from typing import Any

from schemas.errors import RoomSilent
from services.foundation.database import Transactions, utc_now
from services.payment import rules
from services.payment import store as payment_store
from services.payment.payment_state import Attempt, RefundRequest
from services.payment.provider_registry import ProviderRegistry
from services.payment.providers import RefundStatus
from services.payment.refunding import store

log = logging.getLogger("marquee.payment")


@dataclass(frozen=True)
class RefundProcessor:
    """Sends refunds; every `refund` is a row of the table of that name."""

    database: Transactions
    providers: ProviderRegistry

    def refund(self, request: RefundRequest) -> None:
        """Give money back once per `refund_id`. Raises AmountMismatch, or RoomSilent if it is not done yet."""
        refund = self.database.run_repeatable(lambda tx: store.request(tx, request, utc_now()))
        if refund.status in rules.REFUND_IS_OVER:
            return
        if refund.status == "failed" or self.send(refund) != "done":
            raise RoomSilent(room=refund.provider)  # it stays owed

    def send(self, refund: Any) -> RefundStatus:
        """Send the refund unless the provider has it already; its status there."""
        attempt = self._attempt(refund)
        status = self.providers.find(attempt.provider).refund(attempt, rules.refund_key(refund), refund.amount)
        self.record_status(refund, status)
        return status

    def send_stale(self, refund: Any) -> RefundStatus:
        """Send a refund that no process works on, unless it was made at the provider by hand meanwhile."""
        attempt = self._attempt(refund)
        if self.providers.find(attempt.provider).fetch_refund(attempt, rules.refund_key(refund)) is None:
            self.sync_reversals(self._payment(refund))
            if self.database.run_repeatable(lambda tx: store.settle_from_credit(tx, refund)):
                return "done"
        return self.send(refund)

    def record_status(self, refund: Any, status: RefundStatus) -> None:
        """Record how the refund has ended, if it has."""
        if status == "failed":
            log.error("a refund failed at the provider", extra={"refund_id": refund.refund_id})
        if status != "pending":
            self.database.run_repeatable(lambda tx: store.record_end(tx, refund, status))

    def sync_refunds(self, attempt: Attempt) -> None:
        """Record the provider's status of the payment's refunds."""
        for refund in self.database.read(lambda tx: store.revocable(tx, attempt.payment_id)):
            at = self._attempt(refund)
            if status := self.providers.find(at.provider).fetch_refund(at, rules.refund_key(refund)):
                self.record_status(refund, status)

    def sync_reversals(self, attempt: Attempt) -> None:
        """Record the refunds made at the provider by hand and the disputes of the payment."""
        found = self.providers.find(attempt.provider).reversals_of(attempt)
        for reversal in self.database.run_repeatable(
                lambda tx: store.record_reversals(tx, attempt.payment_id, found, utc_now())):
            log.error("money was reversed outside Marquee", extra={
                "payment_id": attempt.payment_id, "order_id": attempt.order_id, "reversal_id": reversal.reversal_id,
                "kind": reversal.kind})

    def _attempt(self, refund: Any) -> Attempt:
        """The payment of a refund, as it concerns the provider that gives the refund back."""
        payment = self._payment(refund)
        return replace(payment, provider="wallet", user_id=refund.credit_to) if refund.credit_to else payment

    def _payment(self, refund: Any) -> Attempt:
        payment = self.database.read(lambda tx: payment_store.attempt(tx, refund.payment_id))
        assert payment is not None, "the foreign key guarantees it"
        return payment
