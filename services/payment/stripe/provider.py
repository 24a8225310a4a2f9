"""Stripe: buyers pay at a Checkout Session, whose PaymentIntent is captured by us.

A session holds the page, its end and our ids; its PaymentIntent the money. Nothing of a card comes near us. The
calls are blocking ones of the `requests` library, which wait as greenlets do in a room.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import stripe

from schemas.errors import RoomSilent
from schemas.payment import AmountTooLarge, AmountTooSmall
from services.foundation.settings import is_test_key
from services.payment.providers import RefundRecord, RefundStanding, ReversalRecord, WebhookEvent
from services.payment.rules import Attempt, Record
from services.payment.stripe import webhooks
from services.payment.stripe.amounts import limits, to_stripe
from services.payment.stripe.objects import is_ours, record, refund_record, reversal, standing, told

log = logging.getLogger("marquee.stripe")
T = TypeVar("T")

TIMEOUT = (3.05, 10)                          # seconds to connect, and to answer
SHORTEST_SESSION = dt.timedelta(minutes=45)   # Stripe wants 30 from the moment of asking, and we may ask again
SLACK = dt.timedelta(minutes=5)               # by which its clock may differ from ours
LATEST = dt.timedelta(hours=1)                # after which an attempt's session is not asked for any more
PAGE = 100
WITH_MONEY = {"expand": ["payment_intent.latest_charge"]}
LISTED_MONEY = ["data.payment_intent.latest_charge"]
SAID = ("amount_too_small", "amount_too_large")   # Stripe's reasons that help a buyer
REFUSALS = (stripe.InvalidRequestError, stripe.CardError)


class StripeCheckout:
    """A Provider."""

    def __init__(self, secret_key: str, webhook_secrets: list[str], public_url: str, api: str) -> None:
        self.live = not is_test_key(secret_key)
        self._webhook_secrets, self._public_url = webhook_secrets, public_url.rstrip("/")
        self._client = stripe.StripeClient(
            secret_key, base_addresses={"api": api}, max_network_retries=0,  # we look before we repeat
            http_client=stripe.RequestsClient(timeout=TIMEOUT))

    @property
    def _sessions(self) -> Any:
        return self._client.v1.checkout.sessions

    def check(self, amount: int, currency: str) -> None:
        least, most = limits(currency)
        if amount < least:
            raise AmountTooSmall(minimum=least, currency=currency)
        if amount > most:
            raise AmountTooLarge(maximum=most, currency=currency)

    def authorize(self, attempt: Attempt) -> Record:
        try:
            amount = to_stripe(attempt.amount, attempt.currency)
        except ValueError:
            log.error("stripe has no such amount", extra={"payment_id": attempt.payment_id})
            return Record("declined", reason="amount_not_possible")
        ours = {"payment_id": attempt.payment_id, "order_id": attempt.order_id}
        assert attempt.return_url
        assert attempt.created_at
        assert attempt.expires_at
        back = self._public_url + attempt.return_url if attempt.return_url.startswith("/") else attempt.return_url
        ends = max(attempt.expires_at, attempt.created_at + SHORTEST_SESSION)
        params = {
            "mode": "payment", "payment_method_types": ["card"], "client_reference_id": attempt.payment_id,
            "line_items": [{"quantity": 1, "price_data": {
                "currency": attempt.currency.lower(), "unit_amount": amount,
                "product_data": {"name": "Cinema tickets"}}}],
            "metadata": ours, "payment_intent_data": {"capture_method": "manual", "metadata": ours},
            "success_url": back, "cancel_url": back, "expires_at": int(ends.timestamp()), **WITH_MONEY,
        }
        try:
            return record(self._try(lambda: self._sessions.create(
                params, {"idempotency_key": f"pay:{attempt.payment_id}"})))
        except REFUSALS as refusal:
            log.error("stripe refuses a payment", extra={"payment_id": attempt.payment_id, "reason": refusal.code})
            return Record("declined", reason=refusal.code if refusal.code in SAID else "refused_by_provider")

    def capture(self, attempt: Attempt) -> Record:
        def take(session: Any) -> None:
            if session.payment_intent:
                self._client.v1.payment_intents.capture(session.payment_intent.id)

        return self._change(attempt, take)

    def cancel(self, attempt: Attempt) -> Record:
        def let_go(session: Any) -> None:
            if session.status == "open":
                self._sessions.expire(session.id)
            elif session.payment_intent:
                self._client.v1.payment_intents.cancel(session.payment_intent.id)

        return self._change(attempt, let_go)

    def fetch(self, attempt: Attempt) -> Record:
        session = self._find(attempt)
        return record(session) if session else Record("unknown")

    def refund(self, attempt: Attempt, refund_id: str, amount: int) -> RefundStanding:
        intent = self._intent(attempt)
        if intent is None:
            log.error("stripe does not know a payment to refund", extra={"payment_id": attempt.payment_id})
            return "failed"
        # Its key is forgotten after a day; what it did is not.
        if known := self._find_refund(intent, refund_id):
            return standing(known)
        try:
            theirs = to_stripe(amount, attempt.currency)
        except ValueError:
            log.error("stripe has no such amount", extra={"refund_id": refund_id})
            return "failed"
        params: Any = {"payment_intent": intent, "amount": theirs,
                       "metadata": {"refund_id": refund_id, "payment_id": attempt.payment_id}}
        try:
            return standing(self._try(lambda: self._client.v1.refunds.create(
                params, {"idempotency_key": f"refund:{refund_id}"})))
        except REFUSALS as refusal:
            log.error("stripe refuses a refund", extra={"refund_id": refund_id, "reason": refusal.code})
            return "failed"

    def fetch_refund(self, attempt: Attempt, refund_id: str) -> RefundStanding | None:
        intent = self._intent(attempt)
        known = self._find_refund(intent, refund_id) if intent else None
        return standing(known) if known else None

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
        return webhooks.read(self._webhook_secrets, body, headers, now)

    def payment_of(self, reference: str) -> str | None:
        things = self._client.v1.charges if reference.startswith("ch_") else self._client.v1.payment_intents
        try:
            return told(self._try(lambda: things.retrieve(reference))).get("payment_id")
        except REFUSALS as refusal:
            if refusal.code == "resource_missing":
                return None
            raise RoomSilent(room="stripe") from None

    def reversals_of(self, attempt: Attempt) -> list[ReversalRecord]:
        intent = self._intent(attempt)
        return list(self._reversals({"payment_intent": intent}, attempt.payment_id)) if intent else []

    def reversals(self, since: dt.datetime) -> Iterator[ReversalRecord]:
        return self._reversals({"created": {"gte": int(since.timestamp())}, "expand": ["data.payment_intent"]})

    def _reversals(self, listed: dict[str, Any], payment_id: str | None = None) -> Iterator[ReversalRecord]:
        """Of that payment, or of those that stand in what is listed."""
        for things in (self._client.v1.refunds, self._client.v1.disputes):
            for thing in self._ask(lambda things=things: list(self._pages(things, listed))):  # type: ignore[misc]
                whose = payment_id or thing.payment_intent and told(thing.payment_intent).get("payment_id")
                if whose and not is_ours(thing):
                    yield reversal(thing, whose)

    def payments(self, since: dt.datetime) -> Iterator[Record]:
        listed = {"created": {"gte": int(since.timestamp())}, "expand": LISTED_MONEY}
        sessions = self._ask(lambda: list(self._pages(self._sessions, listed)))
        return (record(session) for session in sessions if told(session).get("payment_id"))

    def refunds(self, since: dt.datetime) -> Iterator[RefundRecord]:
        listed = {"created": {"gte": int(since.timestamp())}}
        found = self._ask(lambda: list(self._pages(self._client.v1.refunds, listed)))
        return (refund_record(refund) for refund in found if told(refund).get("payment_id"))

    def _find(self, attempt: Attempt) -> Any:
        """The attempt's session with its PaymentIntent; None when there never was one."""
        if attempt.reference:
            return self._ask(lambda: self._sessions.retrieve(str(attempt.reference), WITH_MONEY))
        assert attempt.created_at
        around = {"gte": int((attempt.created_at - SLACK).timestamp()),
                  "lte": int((attempt.created_at + LATEST).timestamp())}
        listed = {"created": around, "expand": LISTED_MONEY}
        return self._ask(lambda: next((session for session in self._pages(self._sessions, listed)
                                       if session.client_reference_id == attempt.payment_id), None))

    def _intent(self, attempt: Attempt) -> str | None:
        session = self._find(attempt)
        return str(session.payment_intent.id) if session and session.payment_intent else None

    def _find_refund(self, intent: str, refund_id: str) -> Any:
        return self._ask(lambda: next((each for each in self._pages(self._client.v1.refunds, {"payment_intent": intent})
                                       if told(each).get("refund_id") == refund_id), None))

    def _change(self, attempt: Attempt, work: Callable[[Any], object]) -> Record:
        """Do it where that is possible, and say how the payment stands then."""
        session = self._find(attempt)
        if session is None:
            return Record("unknown")
        try:
            self._try(lambda: work(session))
        except REFUSALS as refusal:  # it has ended in another way; which, will be seen
            log.info("stripe can't do that now", extra={"payment_id": attempt.payment_id, "reason": refusal.code})
        return record(self._ask(lambda: self._sessions.retrieve(session.id, WITH_MONEY)))

    def _pages(self, things: Any, params: dict[str, Any]) -> Iterator[Any]:
        return iter(things.list({**params, "limit": PAGE}).auto_paging_iter())

    def _ask(self, question: Callable[[], T]) -> T:
        """Its answer; to a mere question, a refusal is none."""
        try:
            return self._try(question)
        except REFUSALS as refusal:
            log.error("stripe does not tell", extra={"reason": refusal.code})
            raise RoomSilent(room="stripe") from None

    def _try(self, request: Callable[[], T]) -> T:
        """Its answer; raises one of REFUSALS when it will not do that, and RoomSilent when nobody knows."""
        try:
            return request()
        except REFUSALS:
            raise
        except stripe.StripeError as problem:
            # Its text may repeat what we sent; its kind says enough.
            log.warning("no answer from stripe", extra={"problem": type(problem).__name__,
                                                        "status": problem.http_status})
            raise RoomSilent(room="stripe") from None
