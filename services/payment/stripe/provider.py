"""Stripe: buyers pay at a Checkout Session or with a kept card; the PaymentIntent is captured by this system.

A session has the page, its expiry and our ids; its PaymentIntent has the money. A kept card pays a PaymentIntent that
has no session. No card data comes near this system.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any

import stripe

from schemas.payment import AmountTooLarge, AmountTooSmall
from services.foundation.settings import is_test_key
from services.payment.payment_state import Attempt, CardRecord, PaymentRecord
from services.payment.providers import RefundRecord, RefundStatus, ReversalRecord, WebhookEvent
from services.payment.stripe import webhooks
from services.payment.stripe.amounts import limits, to_stripe
from services.payment.stripe.api import REJECTIONS, StripeApi
from services.payment.stripe.card_payments import CardPayments
from services.payment.stripe.records import (
    REASONS_FOR_BUYERS,
    decline_reason,
    is_ours,
    our_ids,
    refund_record,
    refund_status,
    reversal_record,
)
from services.payment.stripe.sessions import Sessions

log = logging.getLogger("marquee.stripe")

DISPUTE_WINDOW = dt.timedelta(days=180)   # for so long disputes are listed before the time asked for


class StripeCheckout:
    """A Provider."""

    def __init__(self, secret_key: str, webhook_secrets: list[str], public_url: str, api: str) -> None:
        self.live = not is_test_key(secret_key)
        self._webhook_secrets = webhook_secrets
        self._api = StripeApi(secret_key, api)
        self._sessions, self._cards = Sessions(self._api, public_url), CardPayments(self._api, public_url)

    @property
    def missing_permissions(self) -> Set[str]:
        """What the key turned out not to be allowed to read, such as "Disputes"."""
        return self._api.missing_permissions

    def check(self, amount: int, currency: str) -> None:
        least, most = limits(currency)
        if amount < least:
            raise AmountTooSmall(minimum=least, currency=currency)
        if amount > most:
            raise AmountTooLarge(maximum=most, currency=currency)

    def authorize(self, attempt: Attempt) -> PaymentRecord:
        try:
            amount = to_stripe(attempt.amount, attempt.currency)
        except ValueError:
            log.error("stripe can't represent this amount", extra={"payment_id": attempt.payment_id})
            return PaymentRecord("declined", reason="amount_not_possible")
        try:
            made = self._payments_of(attempt).create(attempt, amount)
        except stripe.CardError as rejection:
            return PaymentRecord("declined", reason=decline_reason(rejection.error))
        except REJECTIONS as rejection:
            log.error("stripe refuses a payment", extra={"payment_id": attempt.payment_id, "reason": rejection.code})
            known = rejection.code in REASONS_FOR_BUYERS
            return PaymentRecord("declined", reason=rejection.code if known else "refused_by_provider")
        return self._payments_of(attempt).record(made) if made else PaymentRecord("cancelled")

    def capture(self, attempt: Attempt) -> PaymentRecord:
        def capture(made: Any) -> None:
            if intent := self._payments_of(attempt).intent_of(made):
                self._api.v1.payment_intents.capture(intent.id)

        return self._change(attempt, capture)

    def cancel(self, attempt: Attempt) -> PaymentRecord:
        return self._change(attempt, self._payments_of(attempt).cancel)

    def fetch(self, attempt: Attempt) -> PaymentRecord:
        found = self._payments_of(attempt).find(attempt)
        return self._payments_of(attempt).record(found) if found else PaymentRecord("unknown")

    def card_of(self, attempt: Attempt) -> CardRecord | None:
        session = self._sessions.find(attempt)
        return self._cards.card_of(session.payment_intent) if session else None

    def detach(self, token: str) -> None:
        self._cards.detach(token)

    def refund(self, attempt: Attempt, refund_id: str, amount: int) -> RefundStatus:
        intent = self._intent(attempt)
        if intent is None:
            log.error("stripe does not know a payment to refund", extra={"payment_id": attempt.payment_id})
            return "failed"
        # Stripe forgets an idempotency key after a day, but not the refund.
        if known := self._find_refund(intent, refund_id):
            return refund_status(known)
        try:
            theirs = to_stripe(amount, attempt.currency)
        except ValueError:
            log.error("stripe can't represent this amount", extra={"refund_id": refund_id})
            return "failed"
        params: Any = {"payment_intent": intent, "amount": theirs,
                       "metadata": {"refund_id": refund_id, "payment_id": attempt.payment_id}}
        try:
            return refund_status(self._api.send(lambda: self._api.v1.refunds.create(
                params, {"idempotency_key": f"refund:{refund_id}"})))
        except REJECTIONS as rejection:
            log.error("stripe refuses a refund", extra={"refund_id": refund_id, "reason": rejection.code})
            return "failed"

    def fetch_refund(self, attempt: Attempt, refund_id: str) -> RefundStatus | None:
        intent = self._intent(attempt)
        known = self._find_refund(intent, refund_id) if intent else None
        return refund_status(known) if known else None

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
        return webhooks.read(self._webhook_secrets, body, headers, now)

    def payment_of(self, reference: str) -> str | None:
        v1 = self._api.v1
        found = (self._api.ask_if_allowed("Charges", lambda: self._api.retrieve(v1.charges, reference))
                 if reference.startswith("ch_")
                 else self._api.ask(lambda: self._api.retrieve(v1.payment_intents, reference)))
        return our_ids(found).get("payment_id") if found else None

    def reversals_of(self, attempt: Attempt) -> list[ReversalRecord]:
        intent = self._intent(attempt)
        if intent is None:
            return []
        about = {"payment_intent": intent}
        return [*self._reversals("Refunds", self._api.v1.refunds, about, attempt.payment_id),
                *self._reversals("Disputes", self._api.v1.disputes, about, attempt.payment_id)]

    def reversals(self, since: dt.datetime) -> Iterator[ReversalRecord]:
        # Disputes are few, and one whose webhooks came while the key could not read disputes must still be found.
        for permission, resource, begun in (("Refunds", self._api.v1.refunds, since),
                                            ("Disputes", self._api.v1.disputes, since - DISPUTE_WINDOW)):
            params = {"created": {"gte": int(begun.timestamp())}, "expand": ["data.payment_intent"]}
            yield from self._reversals(permission, resource, params)

    def _reversals(self, permission: str, resource: Any, params: dict[str, Any],
                   payment_id: str | None = None) -> Iterator[ReversalRecord]:
        """Those of one payment, or of the payments whose expanded PaymentIntent has our ids."""
        for each in self._api.ask_if_allowed(permission, lambda: list(self._api.pages(resource, params))) or ():
            found = payment_id or each.payment_intent and our_ids(each.payment_intent).get("payment_id")
            if found and not is_ours(each):
                yield reversal_record(each, found)

    def payments(self, since: dt.datetime) -> Iterator[PaymentRecord]:
        return (made.record(each) for made in (self._sessions, self._cards) for each in made.created(since)
                if our_ids(each).get("payment_id"))

    def refunds(self, since: dt.datetime) -> Iterator[RefundRecord]:
        params = {"created": {"gte": int(since.timestamp())}}
        found = self._api.ask(lambda: list(self._api.pages(self._api.v1.refunds, params)))
        return (refund_record(refund) for refund in found if our_ids(refund).get("payment_id"))

    def _intent(self, attempt: Attempt) -> str | None:
        found = self._payments_of(attempt).find(attempt)
        intent = self._payments_of(attempt).intent_of(found) if found else None
        return str(intent.id) if intent else None

    def _payments_of(self, attempt: Attempt) -> Sessions | CardPayments:
        """Where the attempt is made and found at Stripe."""
        return self._cards if attempt.card_token else self._sessions

    def _find_refund(self, intent: str, refund_id: str) -> Any:
        refunds = self._api.v1.refunds
        return self._api.ask(lambda: next((each for each in self._api.pages(refunds, {"payment_intent": intent})
                                           if our_ids(each).get("refund_id") == refund_id), None))

    def _change(self, attempt: Attempt, work: Callable[[Any], object]) -> PaymentRecord:
        """Do `work` on what was made for the attempt, if Stripe allows it; the payment's record afterwards."""
        made = self._payments_of(attempt)
        found = made.find(attempt)
        if found is None:
            return PaymentRecord("unknown")
        try:
            self._api.send(lambda: work(found))
        except REJECTIONS as rejection:  # the payment has ended in another way; the record will say which
            log.info("stripe refused in the payment's present state",
                     extra={"payment_id": attempt.payment_id, "reason": rejection.code})
        return made.record(made.retrieve(found.id))
