"""The books and the providers' ledgers compared both ways, and what differs put right where that is possible.

Everything done here is what the room does anyway, and happens once; so it may run in many places at a time.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.currencies import format_money
from schemas.errors import Busy
from schemas.payment import UnknownProvider
from services.foundation.database import Transactions, utc_now
from services.payment import provider_registry, store
from services.payment.payment_processor import Collection
from services.payment.providers import Provider, RefundRecord, ReversalRecord
from services.payment.reconciling import queries, reversals
from services.payment.reconciling.reviews import Review, Undecidable
from services.payment.rules import Record

WINDOW = dt.timedelta(hours=96)     # longer than any provider goes on trying to tell us something
GRACE = dt.timedelta(minutes=2)     # younger things are still under way
DISPUTED = dt.timedelta(days=180)   # longer than a dispute goes on
LONG = dt.timedelta(days=1)         # a refund that takes longer is worth a look: is there money to pay it from?
# How our side may stand when the provider's side stands so. Pending and authorized are nobody's last word.
FITS = {
    "captured": ("captured", "review"),
    "declined": ("failed", "cancelled", "review"),
    "cancelled": ("cancelled", "failed", "review"),
    "pending": ("submitted", "pending", "review"),
    "authorized": ("submitted", "pending", "review"),
    "unknown": ("submitted", "cancelled", "failed", "review"),
}


@dataclass(frozen=True)
class Line:
    """One thing that was found; `left`: it still is as it should not be."""

    text: str
    left: bool = False

    def __str__(self) -> str:
        return f"{'LEFT ' if self.left else 'fixed'}  {self.text}"


@dataclass
class Reconciler:
    database: Transactions
    now: dt.datetime

    @property
    def collection(self) -> Collection:
        return Collection(self.database)

    def lines(self) -> Iterator[Line]:
        """Look at everything; a line for each thing that differed."""
        for name in self.database.read(queries.providers_in_use):
            try:
                yield from self._with(name)
            except (Busy, UnknownProvider):
                yield Line(f"{name} does not answer: nothing is known of its payments", left=True)
        for row in self.database.read(queries.in_review):
            yield from self._reviewed(row)
        for row in self.database.read(reversals.open_ones):
            yield Line(f"{row.kind} of {format_money(row.amount, row.currency)} of payment {row.payment_id} of order "
                       f"{row.order_id} was not made by us, and waits for a decision", left=True)

    def _reviewed(self, row: Any) -> Iterator[Line]:
        what = f"payment {row.payment_id} of order {row.order_id}"
        try:
            if row.reason == "no_answer" and Review(self.database).resolve(row.payment_id):
                yield Line(f"{what} had no answer for a day, and has one now")
                return
        except (Busy, UnknownProvider, Undecidable):
            pass
        yield Line(f"{what} waits for a review: {row.reason}", left=True)

    def _with(self, name: str) -> Iterator[Line]:
        provider, since = provider_registry.find(name, self.database), self.now - WINDOW
        # Ours are read first: what is in our books has been at the provider before.
        ours = self.database.read(lambda tx: queries.payments(tx, name, since))
        refunds = self.database.read(lambda tx: queries.refunds(tx, name, since))
        theirs = {str(record.payment_id): record for record in provider.payments(since) if record.payment_id}
        gone = list(provider.reversals(since))
        theirs_back = {record.refund_id: record for record in provider.refunds(since)}
        for reversal in gone:
            yield from self._one(f"payment {reversal.payment_id}", self._reversal(reversal))
        for row in self.database.read(lambda tx: reversals.standing_disputes(tx, name, self.now - DISPUTED)):
            yield from self._one(f"payment {row.payment_id}", self._dispute(row))
        for row in self.database.read(lambda tx: queries.unsettled(tx, name, self.now - GRACE)):
            yield from self._one(f"payment {row.payment_id} of order {row.order_id}", self._unsettled(row))
        for payment_id, record in theirs.items():
            yield from self._one(f"payment {payment_id}", self._payment(provider, payment_id, record))
        for payment_id in [each for each, status in ours.items() if status == "captured" and each not in theirs]:
            yield from self._one(f"payment {payment_id}", self._payment(provider, payment_id, Record("unknown")))
        for row in self.database.run(lambda tx: queries.return_doubles(tx, name, self.now)):
            yield Line(f"order {row.order_id} was paid twice; payment {row.payment_id} goes back")
        for key, there in theirs_back.items():
            if key not in refunds:
                yield from self._stray_refund(there)
        for key, row in refunds.items():
            yield from self._one(f"refund {row.refund_id} of order {row.order_id}",
                                 self._refund(row, theirs_back.get(key)))

    def _one(self, what: str, lines: Iterator[Line]) -> Iterator[Line]:
        """These lines; one thing of which nothing can be said now must not hide the others."""
        try:
            yield from lines
        except Busy:
            yield Line(f"{what}: nothing can be said now", left=True)

    def _unsettled(self, row: Any) -> Iterator[Line]:
        books = self.collection.finish(self.collection.books(row.order_id))
        if books.pending is None:
            yield Line(f"payment {row.payment_id} of order {row.order_id} was {row.status}, "
                       f"and is {books.attempt.status if books.attempt else 'gone'}")

    def _payment(self, provider: Provider, payment_id: str, record: Record) -> Iterator[Line]:
        before = self._standing(payment_id)
        if before is None:
            if record.standing in ("captured", "authorized"):
                money = format_money(record.amount or 0, str(record.currency))
                yield Line(f"{money} {record.standing} under payment {payment_id}, of which we know nothing", left=True)
            return
        if self._fits(before, record) and not self._is_reversed(payment_id, record):
            return
        self.collection.look_into(payment_id)
        after = self._standing(payment_id)
        attempt = self.database.read(lambda tx: store.attempt(tx, payment_id))
        assert attempt is not None
        record = provider.fetch(attempt)
        if self._fits(after, record):
            if after != before:
                yield Line(f"payment {payment_id} of order {attempt.order_id} was {before}, and is {after}")
        else:
            yield Line(f"payment {payment_id} of order {attempt.order_id} is {after} here and {record.standing} there",
                       left=True)

    def _is_reversed(self, payment_id: str, record: Record) -> bool:
        """Whether more has gone back than we know of, or a dispute stands that nobody told us of."""
        if record.standing != "captured":
            return False
        back, known = self.database.read(lambda tx: (queries.sent_back(tx, payment_id),
                                                     reversals.of_payment(tx, payment_id)))
        by_hand = sum(row.amount for row in known if row.kind == "refund" and row.status != "lifted")
        return record.refunded > back + by_hand or record.disputed and not any(row.kind == "dispute" for row in known)

    def _reversal(self, there: ReversalRecord) -> Iterator[Line]:
        """One that stands is noted with its payment, and then told with the others that wait for somebody."""
        known = self.database.read(lambda tx: reversals.status(tx, there.reversal_id))
        if there.lifted is not (known in (None, "lifted")):
            self.collection.look_into(there.payment_id)
            if there.lifted:
                yield _lifted(there)

    def _dispute(self, row: Any) -> Iterator[Line]:
        """It may have ended weeks after it began, and nobody have told us."""
        self.collection.look_into(row.payment_id)
        if self.database.read(lambda tx: reversals.status(tx, row.reversal_id)) == "lifted":
            yield _lifted(row)

    def _standing(self, payment_id: str) -> str | None:
        return self.database.read(lambda tx: queries.standing(tx, payment_id))

    def _fits(self, ours: str | None, record: Record) -> bool:
        return ours in (*FITS.get(record.standing, ()), *(("returned",) if record.standing == "captured" else ()))

    def _stray_refund(self, there: RefundRecord) -> Iterator[Line]:
        if there.standing != "failed" and not self.database.read(lambda tx: queries.refund(tx, there.refund_id)):
            yield Line(f"{there.amount} of payment {there.payment_id} went back as {there.refund_id}, "
                       "of which we know nothing", left=True)

    def _refund(self, row: Any, there: RefundRecord | None) -> Iterator[Line]:
        what, money = f"refund {row.refund_id} of order {row.order_id}", format_money(row.amount, row.currency)
        standing: str | None = there.standing if there else None
        if row.status == "requested" and row.created_at < self.now - GRACE:
            standing = self.collection.give_back_left(row)
            if standing == "done":
                yield Line(f"{what} was requested, and is done")
            elif standing == "pending" and row.created_at < self.now - LONG:
                yield Line(f"{what}: {money} are still under way there", left=True)
        elif row.status == "done" and standing == "failed":
            self.collection.note_refund(row, "failed")
        elif row.status == "done" and standing != "done":
            yield Line(f"{what} is done here and {standing or 'unknown'} there", left=True)
        if "failed" in (row.status, standing):
            yield Line(f"{what} failed; {money} are owed", left=True)
        if there is not None and there.amount != row.amount:
            yield Line(f"{what} is {money} here and {format_money(there.amount, row.currency)} there", left=True)


def _lifted(reversal: Any) -> Line:
    return Line(f"{reversal.kind} {reversal.reversal_id} of payment {reversal.payment_id} was lifted: "
                "the money is ours again")


def reconcile(database: Transactions) -> list[Line]:
    """Compare and put right; what was found."""
    return list(Reconciler(database, utc_now()).lines())
