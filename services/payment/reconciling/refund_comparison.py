"""Comparing refunds with a provider's records."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.currencies import format_money
from services.foundation.database import Transactions
from services.payment.providers import RefundRecord
from services.payment.reconciling import store
from services.payment.reconciling.difference import Difference
from services.payment.refunding.refund_processor import RefundProcessor

GRACE = dt.timedelta(minutes=2)   # younger refunds are still under way
LONG = dt.timedelta(days=1)       # a refund that takes longer may lack the money to pay it from


@dataclass(frozen=True)
class RefundComparison:
    """Compares one refund at a time and puts it right if possible; yields what differed."""

    refunds: RefundProcessor
    now: dt.datetime

    @property
    def _database(self) -> Transactions:
        return self.refunds.database

    def unknown(self, record: RefundRecord) -> Iterator[Difference]:
        """A refund at the provider that may not be one of ours."""
        if record.status != "failed" and not self._database.read(lambda tx: store.is_refund_key(tx, record.refund_id)):
            yield Difference(f"{record.amount} of payment {record.payment_id} went back as {record.refund_id}, "
                             "of which we know nothing", is_open=True)

    def refund(self, row: Any, record: RefundRecord | None) -> Iterator[Difference]:
        """A refund of ours, and the provider's record of it if there is one."""
        name, money = f"refund {row.refund_id} of order {row.order_id}", format_money(row.amount, row.currency)
        status: str | None = record.status if record else None
        if row.status == "requested" and row.created_at < self.now - GRACE:
            status = self.refunds.send_stale(row)
            if status == "done":
                yield Difference(f"{name} was requested, and is done")
            elif status == "pending" and row.created_at < self.now - LONG:
                yield Difference(f"{name}: {money} are still under way there", is_open=True)
        elif row.status == "done" and status == "failed":
            self.refunds.record_status(row, "failed")
        elif row.status == "done" and status != "done":
            yield Difference(f"{name} is done here and {status or 'unknown'} there", is_open=True)
        if "failed" in (row.status, status):
            yield Difference(f"{name} failed; {money} are owed", is_open=True)
        if record is not None and record.amount != row.amount:
            yield Difference(f"{name} is {money} here and {format_money(record.amount, row.currency)} there",
                             is_open=True)
