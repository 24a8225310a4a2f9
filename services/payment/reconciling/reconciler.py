"""Reconciliation: the records here and at the providers are compared both ways, and put right where that is possible.

Every correction is one that the room makes anyway and that takes effect once; so this may run in many places at a time.
"""

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from schemas.currencies import format_money
from schemas.errors import Busy
from schemas.payment import UnknownProvider
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.client import Caller
from services.payment.payment_processor import PaymentProcessor, payment_processor
from services.payment.payment_state import PaymentRecord
from services.payment.providers import Provider, RefundRecord, ReversalRecord
from services.payment.reconciling import store
from services.payment.reconciling.difference import Difference
from services.payment.reconciling.payment_comparison import DISPUTED, PaymentComparison
from services.payment.reconciling.refund_comparison import GRACE, RefundComparison
from services.payment.reconciling.review import Review, Undecidable
from services.payment.refunding import store as refund_store
from services.payment.settings import PaymentSettings

log = logging.getLogger("marquee.payment")
WINDOW = dt.timedelta(hours=96)     # longer than any provider repeats its webhooks
AT_A_TIME = 500                     # payments that are compared


@dataclass(frozen=True)
class Reconciler:
    """One reconciliation, at the time `now` (UTC)."""

    payments: PaymentProcessor
    now: dt.datetime

    @property
    def _database(self) -> Transactions:
        return self.payments.database

    def differences(self) -> Iterator[Difference]:
        """Compare everything; what differed."""
        for name in self._database.read(store.providers_in_use):
            try:
                yield from self._compare_with(name)
            except (Busy, UnknownProvider):
                yield Difference(f"{name} does not answer: nothing is known of its payments", is_open=True)
        for row in self._database.read(store.in_review):
            yield from self._review(row)
        for row in self._database.read(refund_store.open_reversals):
            yield Difference(f"{row.kind} of {format_money(row.amount, row.currency)} of payment {row.payment_id} of "
                             f"order {row.order_id} was not made by us, and waits for a decision", is_open=True)

    def _review(self, row: Any) -> Iterator[Difference]:
        name = f"payment {row.payment_id} of order {row.order_id}"
        try:
            if row.reason == "no_answer" and Review(self.payments).resolve(row.payment_id):
                yield Difference(f"{name} had no answer for a day, and has one now")
                return
        except (Busy, UnknownProvider, Undecidable):
            pass
        yield Difference(f"{name} waits for a review: {row.reason}", is_open=True)

    def _compare_with(self, name: str) -> Iterator[Difference]:
        provider, since = self.payments.providers.find(name), self.now - WINDOW
        # The records here are read first: everything in them has been at the provider before.
        captured = self._database.read(lambda tx: store.captured_payments(tx, name, since))
        refunds = self._database.read(lambda tx: store.refunds(tx, name, since))
        records = (record for record in provider.payments(since) if record.payment_id)
        reversals = list(provider.reversals(since))
        refund_records = {record.refund_id: record for record in provider.refunds(since)}
        yield from self._compare_payments(provider, name, reversals, records, captured)
        for permission in sorted(provider.missing_permissions):
            yield Difference(f"the key for {name} may not read {permission}: these were not compared", is_open=True)
        for row in self._database.run(lambda tx: store.return_duplicate_payments(tx, name, since, self.now)):
            yield Difference(f"order {row.order_id} was paid twice; payment {row.payment_id} goes back")
        yield from self._compare_refunds(refunds, refund_records)

    def _compare_payments(self, provider: Provider, name: str, reversals: list[ReversalRecord],
                          records: Iterator[PaymentRecord], captured: set[str]) -> Iterator[Difference]:
        """`records`: the payments at the provider. Those `captured` here that are not among them are unknown there."""
        comparison = PaymentComparison(self.payments, provider)
        for reversal in reversals:
            yield from _isolated(f"payment {reversal.payment_id}", comparison.reversal(reversal))
        for row in self._database.read(lambda tx: refund_store.sample_disputes(tx, name, self.now - DISPUTED)):
            yield from _isolated(f"payment {row.payment_id}", comparison.dispute(row))
        for row in self._database.read(lambda tx: store.unsettled(tx, name, self.now - GRACE)):
            yield from _isolated(f"payment {row.payment_id} of order {row.order_id}", comparison.unsettled(row))
        while page := {str(record.payment_id): record for record in islice(records, AT_A_TIME)}:
            captured -= page.keys()
            yield from self._compare_page(comparison, page)
        for payment_id in sorted(captured):
            yield from _isolated(f"payment {payment_id}", comparison.payment(payment_id, PaymentRecord("unknown")))

    def _compare_page(self, comparison: PaymentComparison, page: dict[str, PaymentRecord]) -> Iterator[Difference]:
        statuses = self._database.read(lambda tx: store.payment_statuses(tx, page))
        for payment_id, record in page.items():
            if not comparison.agree(statuses.get(payment_id), record):
                yield from _isolated(f"payment {payment_id}", comparison.payment(payment_id, record))

    def _compare_refunds(self, refunds: dict[str, Any],
                         records: dict[str | None, RefundRecord]) -> Iterator[Difference]:
        comparison = RefundComparison(self.payments.refunds, self.now)
        for key, record in records.items():
            if key not in refunds:
                yield from comparison.unknown(record)
        for key, row in refunds.items():
            yield from _isolated(f"refund {row.refund_id} of order {row.order_id}",
                                 comparison.refund(row, records.get(key)))


def _isolated(name: str, differences: Iterator[Difference]) -> Iterator[Difference]:
    """The same differences; if one thing can't be compared now, the others still are."""
    try:
        yield from differences
    except Busy:
        yield Difference(f"{name}: could not be compared now", is_open=True)


def reconcile(database: Transactions, settings: PaymentSettings, remote: Caller) -> list[Difference]:
    """Compare everything and put right what is possible; what differed."""
    return list(Reconciler(payment_processor(database, settings, remote), utc_now()).differences())


def log_differences(database: Transactions, settings: PaymentSettings, remote: Caller) -> None:
    """Reconcile, and log each difference: as an error if it could not be put right."""
    for difference in reconcile(database, settings, remote):
        log.log(logging.ERROR if difference.is_open else logging.WARNING, "%s", difference)
