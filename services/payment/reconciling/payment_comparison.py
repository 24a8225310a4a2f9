"""Comparing payments and their reversals with a provider's records."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.currencies import format_money
from services.payment import store as payment_store
from services.payment.payment_processor import PaymentProcessor
from services.payment.payment_state import PaymentRecord
from services.payment.providers import Provider, ReversalRecord
from services.payment.reconciling import store
from services.payment.reconciling.difference import Difference
from services.payment.refunding import store as refund_store

DISPUTED = dt.timedelta(days=180)   # longer than a dispute takes
# The statuses here that agree with a provider's status. Pending and authorized are never final.
AGREEING = {
    "captured": ("captured", "review", "returned"),
    "declined": ("failed", "cancelled", "review"),
    "cancelled": ("cancelled", "failed", "review"),
    "pending": ("submitted", "pending", "review"),
    "authorized": ("submitted", "pending", "review"),
    "unknown": ("submitted", "cancelled", "failed", "review"),
}


@dataclass(frozen=True)
class PaymentComparison:
    """Compares one thing at a time and puts it right if possible; yields what differed."""

    payments: PaymentProcessor
    provider: Provider

    def unsettled(self, row: Any) -> Iterator[Difference]:
        """An attempt that should have ended by now."""
        state = self.payments.finish(self.payments.state(row.order_id))
        if state.pending is None:
            yield Difference(f"payment {row.payment_id} of order {row.order_id} was {row.status}, "
                             f"and is {state.attempt.status if state.attempt else 'gone'}")

    def payment(self, payment_id: str, record: PaymentRecord) -> Iterator[Difference]:
        """A payment that the provider has on record, or one of ours that it does not have (`unknown`)."""
        before = self._status(payment_id)
        if before is None:
            if record.status in ("captured", "authorized"):
                money = format_money(record.amount or 0, str(record.currency))
                yield Difference(f"{money} {record.status} under payment {payment_id}, of which we know nothing",
                                 is_open=True)
            return
        if self.agree(before, record):
            return
        self.payments.sync_with_provider(payment_id)
        after = self._status(payment_id)
        attempt = self.payments.database.read(lambda tx: payment_store.attempt(tx, payment_id))
        assert attempt is not None
        record = self.provider.fetch(attempt)
        if not self.agree(after, record):
            yield Difference(f"payment {payment_id} of order {attempt.order_id} is {after} here and "
                             f"{record.status} there", is_open=True)
        elif after != before:
            yield Difference(f"payment {payment_id} of order {attempt.order_id} was {before}, and is {after}")

    def reversal(self, record: ReversalRecord) -> Iterator[Difference]:
        """A reversal at the provider. One that stands is recorded, and reported with those that wait for a decision."""
        known = self.payments.database.read(lambda tx: refund_store.reversal_status(tx, record.reversal_id))
        if record.lifted is not (known in (None, "lifted")):
            self.payments.sync_with_provider(record.payment_id)
            if record.lifted:
                yield _lifted(record)

    def dispute(self, row: Any) -> Iterator[Difference]:
        """A dispute recorded here, which may have ended weeks after it began without a webhook."""
        self.payments.sync_with_provider(row.payment_id)
        if self.payments.database.read(lambda tx: refund_store.reversal_status(tx, row.reversal_id)) == "lifted":
            yield _lifted(row)

    def agree(self, status: str | None, record: PaymentRecord) -> bool:
        """Whether the status of a payment here and its record there say the same."""
        return status in AGREEING.get(record.status, ())

    def _status(self, payment_id: str) -> str | None:
        return self.payments.database.read(lambda tx: store.payment_status(tx, payment_id))


def _lifted(reversal: Any) -> Difference:
    return Difference(f"{reversal.kind} {reversal.reversal_id} of payment {reversal.payment_id} was lifted: "
                      "the money is ours again")
