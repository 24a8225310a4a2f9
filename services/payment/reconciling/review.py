"""Deciding the cases that a person has to decide.

Every decision is recorded before it takes effect or with it, and the provider is asked whatever was decided. The order
room learns of the outcome by an event, as of any other. A case whose provider can't be asked any more (it was removed,
or its keys belong to another account) can only be written off.
"""

import logging
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from schemas.currencies import format_money
from schemas.errors import Busy
from schemas.payment import UnknownProvider
from services.foundation.database import Transactions, utc_now
from services.payment import rules, store
from services.payment.payment_processor import PaymentProcessor
from services.payment.payment_state import Attempt, PaymentRecord
from services.payment.providers import Provider
from services.payment.reconciling.decisions import Decision
from services.payment.reconciling.review_cases import (
    PAYMENT_DECISIONS,
    REVERSAL_DECISIONS,
    WRITE_OFF,
    Case,
    open_cases,
)
from services.payment.refunding import store as refund_store

RESERVED = ("pending", "authorized")
log = logging.getLogger("marquee.payment")


class Undecidable(Exception):
    """The provider's record does not allow this decision; the text says why."""


@dataclass(frozen=True)
class Review:
    """Lists the open cases and carries out what a person decides."""

    payments: PaymentProcessor

    @property
    def _database(self) -> Transactions:
        return self.payments.database

    def cases(self) -> list[Case]:
        """All open cases, the oldest of each kind first."""
        return self._database.read(lambda tx: list(open_cases(tx, utc_now())))

    def provider_status(self, case: Case) -> str:
        """The status and amount of a payment at its provider. Raises Busy or UnknownProvider."""
        attempt, provider = self._attempt(case.about)
        record = provider.fetch(attempt)
        return f"{record.status} {_money(record)}".strip()

    def decide(self, case: Case, decision: str, by: str, because: str) -> str:
        """Carry out a decision; what came of it.

        Raises Undecidable, Busy or UnknownProvider: then the case stays open.
        """
        decided = Decision(case, decision, by, because)
        if decision == WRITE_OFF:
            return self._write_off(decided)
        act = {"pay": self._pay, "refund": self._refund, "release": self._release, "retry": self._retry,
               "settled": self._settle, "void": self._void, "keep": self._keep}[decision]
        return act(case.about, decided)

    def resolve(self, payment_id: str) -> bool:
        """Decide a case that only lacked the provider's answer, if the answer leaves no choice; whether it did."""
        attempt, provider = self._attempt(payment_id)
        record = provider.fetch(attempt)
        if record.status == "pending":
            record = provider.cancel(attempt)  # no buyer may pay that any more
        if record.status in RESERVED or rules.mismatch(attempt, record, provider.live):
            return False
        case = Case(payment_id, attempt.order_id, attempt.provider, payment_id, "", PAYMENT_DECISIONS)
        self.decide(case, "pay" if record.status == "captured" else "release", "marquee", "the provider has answered")
        return True

    def _pay(self, payment_id: str, decided: Decision) -> str:
        attempt, provider = self._attempt(payment_id)
        record = provider.fetch(attempt)
        if record.status not in ("authorized", "captured"):
            raise Undecidable(f"There is no money at {attempt.provider}: the payment is {record.status} there.")
        # The person who decides has looked at the ids there; the money must be right.
        if wrong := rules.money_mismatch(attempt, record, provider.live):
            raise Undecidable(f"There is {_money(record)} at {attempt.provider}, and not "
                              f"{format_money(attempt.amount, attempt.currency)} ({wrong}).")
        self._record(decided)
        if record.status == "authorized" and provider.capture(attempt).status != "captured":
            raise Undecidable(f"{attempt.provider} refuses to capture the money.")
        self._database.run_repeatable(lambda tx: store.record_status(
            tx, payment_id, PaymentRecord("captured"), utc_now(), reviewed=True))
        return f"Order {attempt.order_id} is paid with it, or the money goes back if the order was paid or has ended."

    def _refund(self, payment_id: str, decided: Decision) -> str:
        attempt, provider = self._attempt(payment_id)
        record = provider.fetch(attempt)
        if record.status != "captured":
            raise Undecidable(f"Nothing was taken at {attempt.provider}: the payment is {record.status} there.")
        self._dismiss(payment_id, record, decided)
        return f"{_money(record)} goes back; order {attempt.order_id} has ended, unless it was paid otherwise."

    def _release(self, payment_id: str, decided: Decision) -> str:
        attempt, provider = self._attempt(payment_id)
        record = provider.fetch(attempt)
        if record.status == "captured":
            raise Undecidable(f"{_money(record)} was taken at {attempt.provider}: it can be kept or go back.")
        self._record(decided)
        for _ in range(2):  # a page that is closed just when its buyer pays leaves a reservation
            record = provider.cancel(attempt) if record.status in RESERVED else record
        if record.status in (*RESERVED, "captured"):
            raise Undecidable(f"{attempt.provider} does not release it: the payment is {record.status} there.")
        self._dismiss(payment_id, None)
        return f"Nothing was taken; order {attempt.order_id} has ended, unless it was paid otherwise."

    def _record(self, decided: Decision) -> None:
        self._database.run(decided.record)

    def _dismiss(self, payment_id: str, taken: PaymentRecord | None, unrecorded: Decision | None = None) -> None:
        def dismiss(tx: Connection) -> None:
            if not store.dismiss(tx, payment_id, taken, utc_now()):
                raise Undecidable("Someone else has decided it meanwhile.")
            if unrecorded:  # whose money moves with this transaction
                unrecorded.record(tx, taken)

        self._database.run_repeatable(dismiss)

    def _retry(self, refund_id: str, decided: Decision) -> str:
        self._sync_refund(refund_id)
        self._record(decided)
        refund = self._database.run_repeatable(lambda tx: refund_store.retry(tx, refund_id, utc_now()))
        if refund.status == "settled":
            return f"It had gone back by hand at {refund.provider}: nothing was sent."
        return f"The refund is {self.payments.refunds.send(refund)} at {refund.provider}."

    def _settle(self, refund_id: str, decided: Decision) -> str:
        self._sync_refund(refund_id)
        self._record(decided)
        self._database.run_repeatable(lambda tx: refund_store.settle(tx, refund_id))
        return "The refund is not owed any more."

    def _sync_refund(self, refund_id: str) -> None:
        """A refund made there by hand counts before anything is decided."""
        self.payments.sync_with_provider(self._database.read(lambda tx: refund_store.find(tx, refund_id)).payment_id)

    def _void(self, reversal_id: str, decided: Decision) -> str:
        self._end_reversal(reversal_id, "void", decided)
        return "The tickets of the order that was paid with it are void, and its seats are free."

    def _keep(self, reversal_id: str, decided: Decision) -> str:
        self._end_reversal(reversal_id, "kept", decided)
        return "The tickets stay valid. What has gone back counts for any refund that is asked for."

    def _end_reversal(self, reversal_id: str, status: str, decided: Decision) -> None:
        reversal = self._database.read(lambda tx: refund_store.find_reversal(tx, reversal_id))
        self.payments.sync_with_provider(reversal.payment_id)  # which records whether it still stands
        attempt, provider = self._attempt(reversal.payment_id)
        if (needed := "Disputes" if reversal.kind == "dispute" else "Refunds") in provider.missing_permissions:
            raise Undecidable(f"The key for {attempt.provider} may not read {needed}: it may have been lifted.")
        if self._database.read(lambda tx: refund_store.reversal_status(tx, reversal_id)) != "open":
            raise Undecidable("The provider no longer reports it: the money is ours again.")
        self._record(decided)
        if not self._database.run_repeatable(lambda tx: refund_store.decide_reversal(tx, reversal_id, status)):
            raise Undecidable("Someone else has decided it meanwhile.")

    def _write_off(self, decided: Decision) -> str:
        case = decided.case
        if self._is_known_there(case.payment_id):
            raise Undecidable(f"{case.provider} answers: decide by its record.")
        self._record(decided)
        if case.decisions is PAYMENT_DECISIONS:
            self._dismiss(case.about, None)
        elif case.decisions is REVERSAL_DECISIONS:
            self._database.run_repeatable(lambda tx: refund_store.decide_reversal(tx, case.about, "kept"))
        else:
            self._database.run_repeatable(lambda tx: refund_store.write_off(tx, case.about))
        log.error("money is written off", extra={"about": case.about, "order_id": case.order_id})
        return f"The case of order {case.order_id} is closed without {case.provider}."

    def _is_known_there(self, payment_id: str) -> bool:
        """Whether the provider still has this payment; with the keys of another account it has not."""
        try:
            attempt, provider = self._attempt(payment_id)
            return provider.fetch(attempt).status != "unknown"
        except (Busy, UnknownProvider):
            return False

    def _attempt(self, payment_id: str) -> tuple[Attempt, Provider]:
        attempt = self._database.read(lambda tx: store.attempt(tx, payment_id))
        assert attempt is not None, "the case is about it"
        return attempt, self.payments.providers.find(attempt.provider)


def _money(record: PaymentRecord) -> str:
    return format_money(record.amount, record.currency) if record.amount is not None and record.currency else ""
