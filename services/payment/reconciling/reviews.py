"""Cases that somebody has to decide: payments under review, refunds that their provider has failed, and reversals.

Every decision is written down before anything is done about it. The provider is asked, whatever was decided; the
order's room hears of the end by an event, as of any other. When there is no provider to ask any more (it was removed,
or its keys are others'), a case can only be written off.
"""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass

from schemas.currencies import format_money
from schemas.errors import Busy
from schemas.payment import UnknownProvider
from services.foundation.database import Transactions, utc_now
from services.payment import provider_registry, refunds, rules, store
from services.payment.payment_processor import Collection
from services.payment.providers import Provider
from services.payment.reconciling import queries, reversals
from services.payment.rules import Attempt, Record

WRITE_OFF = "written_off"
GONE = {WRITE_OFF: "its provider is gone and says nothing any more: the books are closed without it"}
OF_PAYMENTS = {
    "pay": "the money is right: the order is paid",
    "refund": "the money goes back, and the order ends",
    "release": "there is no money: the order ends, and its seats are free",
    **GONE,
}
OF_REFUNDS = {
    "retry": "the provider is asked for it once more",
    "settled": "it was paid back in another way",
    **GONE,
}
OF_REVERSALS = {
    "void": "the tickets are void, and what has not gone back yet does: the order ends",
    "keep": "the tickets stay good",
    **GONE,
}
STUCK_AFTER = dt.timedelta(days=1)
RESERVED = ("pending", "authorized")
Note = Callable[[], None]
log = logging.getLogger("marquee.payment")


class Undecidable(Exception):
    """That can't be done as things stand at the provider; the text says why."""


@dataclass(frozen=True)
class Case:
    """Something to decide. `about`: the payment's, refund's or reversal's id, by which it is decided."""

    about: str
    order_id: str
    provider: str
    payment_id: str
    text: str
    decisions: dict[str, str]

    def __str__(self) -> str:
        return f"{self.about}  order {self.order_id}  {self.text}  [{' | '.join(self.decisions)}]"


@dataclass(frozen=True)
class Review:
    database: Transactions

    @property
    def collection(self) -> Collection:
        return Collection(self.database)

    def cases(self) -> list[Case]:
        """All that are open, the oldest of each kind first."""
        payments, failed, stuck, reversed_ = self.database.read(lambda tx: (
            queries.in_review(tx), queries.failed_refunds(tx), queries.stuck_refunds(tx, utc_now() - STUCK_AFTER),
            reversals.open_ones(tx)))
        return [Case(row.payment_id, row.order_id, row.provider, row.payment_id,
                     f"{format_money(row.amount, row.currency)} asked of {row.provider}: {row.reason}", OF_PAYMENTS)
                for row in payments] + [
                Case(row.refund_id, row.order_id, row.provider, row.payment_id,
                     f"{format_money(row.amount, row.currency)} are not back for a day from {row.provider}", GONE)
                for row in stuck] + [
                Case(row.refund_id, row.order_id, row.provider, row.payment_id,
                     f"refund of {format_money(row.amount, row.currency)} failed at {row.provider}", OF_REFUNDS)
                for row in failed] + [
                Case(row.reversal_id, row.order_id, row.provider, row.payment_id,
                     f"{row.kind} of {format_money(row.amount, row.currency)} at {row.provider}, not by us",
                     OF_REVERSALS)
                for row in reversed_]

    def at_the_provider(self, case: Case) -> str:
        """How the money of a payment stands there. Raises Busy or UnknownProvider."""
        attempt, provider = self._attempt(case.about)
        record = provider.fetch(attempt)
        return f"{record.standing} {_money(record)}".strip()

    def decide(self, case: Case, decision: str, by: str, because: str) -> str:
        """Do it, and say what came of it. Raises Undecidable, Busy or UnknownProvider: then the case stays open."""
        def note() -> None:
            self.database.run(lambda tx: store.note_decision(tx, case.about, decision, by, because, utc_now()))

        if decision == WRITE_OFF:
            return self._write_off(case, note)
        act = {"pay": self._pay, "refund": self._refund, "release": self._release, "retry": self._retry,
               "settled": self._settled, "void": self._void, "keep": self._keep}[decision]
        return act(case.about, note)

    def resolve(self, payment_id: str) -> bool:
        """Decide what only had to wait for its provider's answer, if that leaves no choice; whether it did."""
        attempt, provider = self._attempt(payment_id)
        record = provider.fetch(attempt)
        if record.standing == "pending":
            record = provider.cancel(attempt)  # nobody is to pay that any more
        if record.standing in RESERVED or rules.mismatch(attempt, record, provider.live):
            return False
        case = Case(payment_id, attempt.order_id, attempt.provider, payment_id, "", OF_PAYMENTS)
        self.decide(case, "pay" if record.standing == "captured" else "release", "marquee", "the provider has answered")
        return True

    def _pay(self, payment_id: str, note: Note) -> str:
        attempt, provider = self._attempt(payment_id)
        record = provider.fetch(attempt)
        if record.standing not in ("authorized", "captured"):
            raise Undecidable(f"There is no money at {attempt.provider}: the payment is {record.standing} there.")
        # What it is called there is for the person to look at who decides; the money must be right.
        if wrong := rules.wrong_money(attempt, record, provider.live):
            raise Undecidable(f"There is {_money(record)} at {attempt.provider}, and not "
                              f"{format_money(attempt.amount, attempt.currency)} ({wrong}).")
        note()
        if record.standing == "authorized" and provider.capture(attempt).standing != "captured":
            raise Undecidable(f"{attempt.provider} does not let the money be taken.")
        self.database.run_known(lambda tx: store.move(tx, payment_id, Record("captured"), utc_now(), reviewed=True))
        return f"Order {attempt.order_id} is paid with it, or the money goes back if the order was paid or has ended."

    def _refund(self, payment_id: str, note: Note) -> str:
        attempt, provider = self._attempt(payment_id)
        record = provider.fetch(attempt)
        if record.standing != "captured":
            raise Undecidable(f"Nothing was taken at {attempt.provider}: the payment is {record.standing} there.")
        note()
        self._dismiss(payment_id, record)
        return f"{_money(record)} goes back; order {attempt.order_id} has ended, unless it was paid otherwise."

    def _release(self, payment_id: str, note: Note) -> str:
        attempt, provider = self._attempt(payment_id)
        record = provider.fetch(attempt)
        if record.standing == "captured":
            raise Undecidable(f"{_money(record)} was taken at {attempt.provider}: it can be kept or go back.")
        note()
        for _ in range(2):  # a page that is closed just when its buyer pays leaves a reservation
            record = provider.cancel(attempt) if record.standing in RESERVED else record
        if record.standing in (*RESERVED, "captured"):
            raise Undecidable(f"{attempt.provider} does not let go of it: the payment is {record.standing} there.")
        self._dismiss(payment_id, None)
        return f"Nothing was taken; order {attempt.order_id} has ended, unless it was paid otherwise."

    def _dismiss(self, payment_id: str, taken: Record | None) -> None:
        if not self.database.run_known(lambda tx: store.dismiss(tx, payment_id, taken, utc_now())):
            raise Undecidable("Somebody else has decided it meanwhile.")

    def _retry(self, refund_id: str, note: Note) -> str:
        self._look_into_refund(refund_id)
        note()
        refund = self.database.run_known(lambda tx: refunds.again(tx, refund_id, utc_now()))
        if refund.status == "settled":
            return f"It had gone back by hand at {refund.provider}: nothing was sent."
        return f"The refund is {self.collection.give_back(refund)} at {refund.provider}."

    def _settled(self, refund_id: str, note: Note) -> str:
        self._look_into_refund(refund_id)
        note()
        self.database.run_known(lambda tx: refunds.settled(tx, refund_id))
        return "The refund is no longer owed."

    def _look_into_refund(self, refund_id: str) -> None:
        """What was refunded there by hand counts before anything is decided."""
        self.collection.look_into(self.database.read(lambda tx: refunds.find(tx, refund_id)).payment_id)

    def _void(self, reversal_id: str, note: Note) -> str:
        self._end_reversal(reversal_id, "void", note)
        return "The tickets of the order that was paid with it are void, and its seats are free."

    def _keep(self, reversal_id: str, note: Note) -> str:
        self._end_reversal(reversal_id, "kept", note)
        return "The tickets stay good. What has gone back counts for any refund that is asked for."

    def _end_reversal(self, reversal_id: str, status: str, note: Note) -> None:
        payment_id = self.database.read(lambda tx: reversals.payment_of(tx, reversal_id))
        self.collection.look_into(payment_id)  # which sees whether it still stands
        if self.database.read(lambda tx: reversals.status(tx, reversal_id)) != "open":
            raise Undecidable("It does not stand at the provider any more: the money is ours again.")
        note()
        if not self.database.run_known(lambda tx: reversals.decide(tx, reversal_id, status)):
            raise Undecidable("Somebody else has decided it meanwhile.")

    def _write_off(self, case: Case, note: Note) -> str:
        if self._is_known_there(case.payment_id):
            raise Undecidable(f"{case.provider} answers: this is decided by what it says.")
        note()
        if case.decisions is OF_PAYMENTS:
            self._dismiss(case.about, None)
        elif case.decisions is OF_REVERSALS:
            self.database.run_known(lambda tx: reversals.decide(tx, case.about, "kept"))
        else:
            self.database.run_known(lambda tx: refunds.written_off(tx, case.about))
        log.error("money is written off", extra={"about": case.about, "order_id": case.order_id})
        return f"The books of order {case.order_id} are closed; whatever {case.provider} did is not in them."

    def _is_known_there(self, payment_id: str) -> bool:
        """Whether the provider can still be asked about this payment; with other keys it has never heard of it."""
        try:
            attempt, provider = self._attempt(payment_id)
            return provider.fetch(attempt).standing != "unknown"
        except (Busy, UnknownProvider):
            return False

    def _attempt(self, payment_id: str) -> tuple[Attempt, Provider]:
        attempt = self.database.read(lambda tx: store.attempt(tx, payment_id))
        assert attempt is not None, "it is on the list"
        return attempt, provider_registry.find(attempt.provider, self.database)


def _money(record: Record) -> str:
    return format_money(record.amount, record.currency) if record.amount is not None and record.currency else ""
