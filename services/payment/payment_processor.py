"""Collecting money: an attempt to pay is brought to its end at its provider, and back go refunds.

Nothing is asked of a provider before it is written down that it will be, and no transaction is open meanwhile.
The provider's record decides, after it was compared with what we asked for; nobody else's word does.
"""

import datetime as dt
import logging
from dataclasses import dataclass, replace
from typing import Any

from services.foundation.database import Transactions, utc_now
from services.payment import provider_registry, refunds, rules, store
from services.payment.providers import Provider, RefundStanding
from services.payment.reconciling import reversals
from services.payment.rules import Attempt, Record

log = logging.getLogger("marquee.payment")
NO_ANSWER_AFTER = dt.timedelta(days=1)


@dataclass(frozen=True)
class Collection:
    database: Transactions

    def begin(self, request: dict[str, Any], provider: str) -> rules.Begun:
        """Write down that the order is about to be paid, before anybody is asked for money."""
        return self.database.run_known(lambda tx: store.begin(tx, request, provider, utc_now()))

    def start(self, request: dict[str, Any], provider: str) -> rules.Books:
        """The books with an attempt in them that has a page at the provider, unless that attempt has ended already."""
        begun = self.begin(request, provider)
        books = self._open(begun)
        if begun.is_new or not rules.may_try_again(books):
            return books
        # It had failed, and nobody had told us yet.
        return self._open(self.begin(request, provider))

    def _open(self, begun: rules.Begun) -> rules.Books:
        attempt = begun.books.pending
        if attempt is None:
            return begun.books
        provider = self._provider(attempt)
        # One that was tried before may have got there, or further: look before asking again.
        record = Record("unknown") if begun.is_new else provider.fetch(attempt)
        if record.standing == "unknown" and attempt.status == "submitted":
            record = provider.authorize(attempt)
        books = self._settle(provider, attempt, record)
        if record.standing == "pending" and not rules.is_pending(books, attempt):  # let go of before the page existed
            self._settle(provider, attempt, provider.cancel(attempt))
        return books

    def finish(self, books: rules.Books) -> rules.Books:
        """Bring a pending attempt as far as it goes; the books with that in them."""
        attempt = books.pending
        if attempt is None:
            return books
        if books.status != "open":
            return self._let_go(attempt)
        provider = self._provider(attempt)
        record = provider.fetch(attempt) if attempt.hosted else provider.authorize(attempt)
        return self._settle(provider, attempt, record)

    def _let_go(self, attempt: Attempt) -> rules.Books:
        provider = self._provider(attempt)
        record = provider.cancel(attempt)
        if record.standing == "unknown":  # and if it gets there late, nobody waits for it
            record = Record("cancelled")
        return self._settle(provider, attempt, record)

    def finish_left(self, order_id: str, now: dt.datetime) -> None:
        """Look for the end of a pending attempt; is there none for a day, it is for a person to look at."""
        books = self.books(order_id)
        try:
            books = self.finish(books)
        except Exception:
            self._hand_over(books, now)
            raise
        if books.status != "open":
            self._hand_over(books, now)

    def _hand_over(self, books: rules.Books, now: dt.datetime) -> None:
        attempt = books.pending
        if attempt and attempt.created_at and attempt.created_at < now - NO_ANSWER_AFTER:
            _log_review(attempt, "no_answer")
            record = Record("review", reason="no_answer")
            self.database.run_known(lambda tx: store.move(tx, attempt.payment_id, record, now))

    def close_page(self, books: rules.Books) -> None:
        """Let nobody pay at the page of a pending attempt any more; who has already, has paid."""
        if attempt := self.finish(books).pending:
            self._let_go(attempt)

    def look_into(self, payment_id: str) -> None:
        """Ask the provider how this payment stands, and do what follows from that."""
        attempt = self.database.read(lambda tx: store.attempt(tx, payment_id))
        if attempt is None:
            log.warning("a provider speaks of a payment that is not ours", extra={"payment_id": payment_id})
        elif attempt.status == "captured":
            self._look_into_refunds(attempt)
            self._look_into_reversals(attempt)
        elif attempt.status != "review":
            provider = self._provider(attempt)
            record = provider.fetch(attempt)
            if record.standing in ("pending", "authorized") and attempt.status in rules.GIVEN_UP:
                record = provider.cancel(attempt)  # nobody is to pay that any more
            self._settle(provider, attempt, record)

    def look_into_message(self, provider: str, payment_id: str | None, reference: str | None) -> None:
        """The same for what a provider has told us, who may have its own name for the payment."""
        if payment_id is None and reference is not None:
            payment_id = provider_registry.find(provider, self.database).payment_of(reference)
        if payment_id is not None:
            self.look_into(payment_id)

    def give_back(self, refund: Any) -> RefundStanding:
        """Send the refund unless that was done; how it stands at the provider."""
        attempt = self.database.read(lambda tx: store.attempt(tx, refund.payment_id))
        assert attempt is not None, "a foreign key says so"
        standing = self._provider(attempt).refund(attempt, rules.refund_key(refund), refund.amount)
        self.note_refund(refund, standing)
        return standing

    def give_back_left(self, refund: Any) -> RefundStanding:
        """The same for one that nobody tends just now: it may have been made by hand meanwhile."""
        attempt = self.database.read(lambda tx: store.attempt(tx, refund.payment_id))
        assert attempt is not None, "a foreign key says so"
        if self._provider(attempt).fetch_refund(attempt, rules.refund_key(refund)) is None:
            self._look_into_reversals(attempt)
            if self.database.run_known(lambda tx: refunds.made_by_hand(tx, refund)):
                return "done"
        return self.give_back(refund)

    def note_refund(self, refund: Any, standing: RefundStanding) -> None:
        """Write down how the refund has ended, if it has."""
        if standing == "failed":
            log.error("a refund failed at the provider", extra={"refund_id": refund.refund_id})
        if standing != "pending":
            self.database.run_known(lambda tx: refunds.ended(tx, refund, standing))

    def _look_into_refunds(self, attempt: Attempt) -> None:
        for refund in self.database.read(lambda tx: refunds.of_payment(tx, attempt.payment_id)):
            if standing := self._provider(attempt).fetch_refund(attempt, rules.refund_key(refund)):
                self.note_refund(refund, standing)

    def _look_into_reversals(self, attempt: Attempt) -> None:
        provider = self._provider(attempt)
        record = provider.fetch(attempt)
        known = self.database.read(lambda tx: reversals.of_payment(tx, attempt.payment_id))
        if not (record.refunded or record.disputed or known):
            return
        found = provider.reversals_of(attempt)
        for reversal in self.database.run_known(lambda tx: reversals.note(tx, attempt.payment_id, found, utc_now())):
            log.error("money has left a payment without us", extra={
                "payment_id": attempt.payment_id, "order_id": attempt.order_id, "reversal_id": reversal.reversal_id,
                "kind": reversal.kind})

    def books(self, order_id: str) -> rules.Books:
        return self.database.run_known(lambda tx: store.books(tx, order_id))

    def _settle(self, provider: Provider, attempt: Attempt, record: Record) -> rules.Books:
        record = _checked(provider, attempt, record)
        if record.standing == "authorized":
            # Who closes an account does so before cancelling. If it is open still, that cancellation is yet to
            # come and will find what is authorized, so it either stops this capture or learns of it.
            take = rules.may_capture(self.books(attempt.order_id), attempt)
            record = _checked(provider, attempt, provider.capture(attempt) if take else provider.cancel(attempt))
        return self.database.run_known(lambda tx: store.move(tx, attempt.payment_id, record, utc_now()))

    def _provider(self, attempt: Attempt) -> Provider:
        return provider_registry.find(attempt.provider, self.database)


def _checked(provider: Provider, attempt: Attempt, record: Record) -> Record:
    reason = rules.mismatch(attempt, record, provider.live)
    if reason is None:
        return record
    _log_review(attempt, reason)
    return replace(record, standing="review", reason=reason)


def _log_review(attempt: Attempt, reason: str) -> None:
    log.error("a payment needs a review", extra={"payment_id": attempt.payment_id, "reason": reason,
                                                 "order_id": attempt.order_id})
