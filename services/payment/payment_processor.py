"""Taking an order's money: each attempt to pay is brought to its end at its provider.

Whatever is asked of a provider is written down first, and no transaction is open while the provider answers. The
provider's record decides, after it was compared with what was asked for.
"""

import datetime as dt
import logging
from dataclasses import dataclass, replace

from schemas.errors import RoomUnavailable
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.client import Caller
from services.foundation.tracing import spans
from services.payment import rules, store
from services.payment.payment_state import GIVEN_UP, Attempt, BegunPayment, PaymentRecord, PaymentRequest, PaymentState
from services.payment.provider_registry import ProviderRegistry
from services.payment.providers import Provider
from services.payment.refunding.refund_processor import RefundProcessor
from services.payment.return_urls import check_return_url
from services.payment.settings import PaymentSettings

log = logging.getLogger("marquee.payment")
NO_ANSWER_AFTER = dt.timedelta(days=1)


@dataclass(frozen=True)
class PaymentProcessor:
    """Begins, finishes and cancels attempts to pay."""

    database: Transactions
    providers: ProviderRegistry
    refunds: RefundProcessor

    def state(self, order_id: str) -> PaymentState:
        """The state of the order's money, as recorded here."""
        return self.database.run_repeatable(lambda tx: store.payment_state(tx, order_id))

    def begin(self, request: PaymentRequest) -> BegunPayment:
        """Record that the order is about to be paid, before a provider is asked for money."""
        provider = self.providers.name_for(request.method)
        return self.database.run_repeatable(lambda tx: store.begin(tx, request, provider, utc_now()))

    def charge(self, request: PaymentRequest) -> PaymentState:
        """The order's state after it was charged without a page; a pending page is closed first."""
        rules.check_payer(request)
        begun = self.begin(request)
        if (attempt := begun.state.pending) and attempt.hosted:
            self.close_page(begun.state)
            begun = self.begin(request)
        try:
            return self.finish(begun.state)
        except RoomUnavailable as refusal:
            # A provider that was never reached has taken nothing, so the order can be paid in another way.
            if begun.is_new and (attempt := begun.state.pending) and refusal.about.get("room") == attempt.provider:
                self._record(attempt, PaymentRecord("cancelled"))
            raise

    def start(self, request: PaymentRequest) -> PaymentState:
        """The order's state with an attempt that has a page at the provider, unless that attempt has ended already.

        A kept card is charged at once. Raises ReturnUrlRefused, PaymentMethodUnknown, AmountTooSmall or AmountTooLarge
        before anything is begun.
        """
        self._check(request)
        begun = self.begin(request)
        state = self._open_page(begun)
        if not begun.is_new and rules.pays_otherwise(state, request):
            self.close_page(state)
        elif begun.is_new or not rules.may_try_again(state):
            return state
        # The earlier attempt was given up now, or had failed before and no webhook had said so yet.
        return self._open_page(self.begin(request))

    def finish(self, state: PaymentState) -> PaymentState:
        """Take a pending attempt as far as its provider lets it go; the order's state afterwards."""
        attempt = state.pending
        if attempt is None:
            return state
        if state.status != "open":
            return self._cancel(attempt)
        provider = self._provider(attempt)
        record = provider.fetch(attempt) if attempt.at_page else provider.authorize(attempt)
        return self._settle(provider, attempt, record)

    def finish_stale(self, order_id: str, now: dt.datetime) -> None:
        """Finish a pending attempt of the order; if it has no outcome after a day, a person has to look at it."""
        state = self.state(order_id)
        cause = state.attempt.traceparent if state.attempt else None
        try:
            with spans.following(cause, "finish stale payment", {"marquee.order_id": order_id}):
                state = self.finish(state)
        except Exception:
            self._refer_to_review(state, now)
            raise
        if state.status != "open":
            self._refer_to_review(state, now)

    def close(self, order_id: str) -> PaymentState:
        """Take no more money for the order; its state afterwards. The outcome of its last attempt may be unknown."""
        state = self.state(order_id)
        if state.pending and state.pending.at_page:
            self.finish(state)   # a buyer who has paid at the page by now has paid in time
        return self.finish(self.database.run_repeatable(lambda tx: store.close(tx, order_id, utc_now())))

    def close_page(self, state: PaymentState) -> None:
        """Close the provider's page of a pending attempt. A buyer who has paid there by then has paid."""
        if attempt := self.finish(state).pending:
            self._cancel(attempt)

    def sync_with_provider(self, payment_id: str) -> None:
        """Ask the provider for the status of this payment, its refunds and its reversals, and act on the answer."""
        attempt = self.database.read(lambda tx: store.attempt(tx, payment_id))
        if attempt is None:
            log.warning("a provider names a payment that is not ours", extra={"payment_id": payment_id})
            return
        with spans.following(attempt.traceparent, "sync with provider", {"marquee.order_id": attempt.order_id}):
            self._sync(attempt)

    def _sync(self, attempt: Attempt) -> None:
        if attempt.status == "captured":
            self.refunds.sync_refunds(attempt)
            self.refunds.sync_reversals(attempt)
        elif attempt.status != "review":
            provider = self._provider(attempt)
            record = provider.fetch(attempt)
            if record.status in ("pending", "authorized") and attempt.status in GIVEN_UP:
                record = provider.cancel(attempt)  # no buyer may pay that any more
            self._settle(provider, attempt, record)

    def _check(self, request: PaymentRequest) -> None:
        settings = self.providers.settings
        check_return_url(request.return_url or "", [settings.public_url, *settings.return_origins],
                         local=settings.is_local)
        self.providers.find(self.providers.name_for(request.method)).check(request.amount, request.currency)

    def _open_page(self, begun: BegunPayment) -> PaymentState:
        attempt = begun.state.pending
        if attempt is None:
            return begun.state
        provider = self._provider(attempt)
        # An attempt that was tried before may have got further at the provider: look before asking again.
        record = PaymentRecord("unknown") if begun.is_new else provider.fetch(attempt)
        if record.status == "unknown" and attempt.status == "submitted":
            record = provider.authorize(attempt)
        state = self._settle(provider, attempt, record)
        if record.status == "pending" and not rules.is_pending(state, attempt):  # cancelled before the page existed
            self._settle(provider, attempt, provider.cancel(attempt))
        return state

    def _cancel(self, attempt: Attempt) -> PaymentState:
        record = self._provider(attempt).cancel(attempt)
        if record.status == "unknown":  # if it still arrives there, no order waits for it
            record = PaymentRecord("cancelled")
        return self._settle(self._provider(attempt), attempt, record)

    def _refer_to_review(self, state: PaymentState, now: dt.datetime) -> None:
        attempt = state.pending
        if attempt and attempt.created_at and attempt.created_at < now - NO_ANSWER_AFTER:
            _log_review(attempt, "no_answer")
            self._record(attempt, PaymentRecord("review", reason="no_answer"))

    def _settle(self, provider: Provider, attempt: Attempt, record: PaymentRecord) -> PaymentState:
        record = _checked(provider, attempt, record)
        if record.status == "authorized":
            # An account is closed before its payment is cancelled. If the account is open still, that cancellation is
            # yet to come and will find what is authorized, so it either stops this capture or learns of it.
            captures = rules.may_capture(self.state(attempt.order_id), attempt)
            record = _checked(provider, attempt, provider.capture(attempt) if captures else provider.cancel(attempt))
        return self._record(attempt, record)

    def _record(self, attempt: Attempt, record: PaymentRecord) -> PaymentState:
        return self.database.run_repeatable(lambda tx: store.record_status(tx, attempt.payment_id, record, utc_now()))

    def _provider(self, attempt: Attempt) -> Provider:
        return self.providers.find(attempt.provider)


def payment_processor(database: Transactions, settings: PaymentSettings, remote: Caller) -> PaymentProcessor:
    """A PaymentProcessor with the ProviderRegistry and the RefundProcessor that it needs."""
    providers = ProviderRegistry(database, settings, remote)
    return PaymentProcessor(database, providers, RefundProcessor(database, providers))


def _checked(provider: Provider, attempt: Attempt, record: PaymentRecord) -> PaymentRecord:
    reason = rules.mismatch(attempt, record, provider.live)
    if reason is None:
        return record
    _log_review(attempt, reason)
    return replace(record, status="review", reason=reason)


def _log_review(attempt: Attempt, reason: str) -> None:
    log.error("a payment needs a review", extra={"payment_id": attempt.payment_id, "reason": reason,
                                                 "order_id": attempt.order_id})
