"""Stripe: buyers pay at a Checkout Session, whose PaymentIntent is captured by us.

A session holds the page, its end and our ids; its PaymentIntent the money. Nothing of a card comes near us. The
calls are blocking ones of the `requests` library, which wait as greenlets do in a room.
"""

import datetime as dt
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, get_args

import stripe

from schemas.errors import RoomSilent
from schemas.payment import WebhookRefused
from services.foundation.settings import is_test_key
from services.payment.providers import RefundRecord, RefundStanding, WebhookEvent
from services.payment.rules import Attempt, Record, Standing
from services.payment.signatures import TOLERANCE_SECONDS, is_timely

log = logging.getLogger("marquee.stripe")
T = TypeVar("T")

TIMEOUT = (3.05, 10)                          # seconds to connect, and to answer
SHORTEST_SESSION = dt.timedelta(minutes=45)   # Stripe wants 30 from the moment of asking, and we may ask again
SLACK = dt.timedelta(minutes=5)               # by which its clock may differ from ours
LATEST = dt.timedelta(hours=1)                # after which an attempt's session is not asked for any more
PAGE = 100
WITH_MONEY = {"expand": ["payment_intent"]}
INTENTS: dict[str, Standing] = {"requires_capture": "authorized", "succeeded": "captured", "canceled": "cancelled"}
SESSIONS: dict[str, Standing] = {"open": "pending", "complete": "pending", "expired": "cancelled"}
REFUNDS: dict[str, RefundStanding] = {"succeeded": "done", "failed": "failed", "canceled": "failed"}
REFUSALS = (stripe.InvalidRequestError, stripe.CardError)
TIME = re.compile(r"(?:^|,)t=([0-9]{1,12})(?=,|\Z)")
ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


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

    def authorize(self, attempt: Attempt) -> Record:
        ours = {"payment_id": attempt.payment_id, "order_id": attempt.order_id}
        assert attempt.return_url
        assert attempt.created_at
        assert attempt.expires_at
        back = self._public_url + attempt.return_url if attempt.return_url.startswith("/") else attempt.return_url
        ends = max(attempt.expires_at, attempt.created_at + SHORTEST_SESSION)
        params = {
            "mode": "payment", "payment_method_types": ["card"], "client_reference_id": attempt.payment_id,
            "line_items": [{"quantity": 1, "price_data": {
                "currency": attempt.currency.lower(), "unit_amount": attempt.amount,
                "product_data": {"name": "Cinema tickets"}}}],
            "metadata": ours, "payment_intent_data": {"capture_method": "manual", "metadata": ours},
            "success_url": back, "cancel_url": back, "expires_at": int(ends.timestamp()), **WITH_MONEY,
        }
        try:
            return _record(self._try(lambda: self._sessions.create(
                params, {"idempotency_key": f"pay:{attempt.payment_id}"})))
        except REFUSALS as refusal:
            log.error("stripe refuses a payment", extra={"payment_id": attempt.payment_id, "reason": refusal.code})
            return Record("declined", reason="refused_by_provider")

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
        return _record(session) if session else Record("unknown")

    def refund(self, attempt: Attempt, refund_id: str, amount: int) -> RefundStanding:
        intent = self._intent(attempt)
        if intent is None:
            log.error("stripe does not know a payment to refund", extra={"payment_id": attempt.payment_id})
            return "failed"
        # Its key is forgotten after a day; what it did is not.
        if known := self._find_refund(intent, refund_id):
            return _standing(known)
        params: Any = {"payment_intent": intent, "amount": amount,
                       "metadata": {"refund_id": refund_id, "payment_id": attempt.payment_id}}
        try:
            return _standing(self._try(lambda: self._client.v1.refunds.create(
                params, {"idempotency_key": f"refund:{refund_id}"})))
        except REFUSALS as refusal:
            log.error("stripe refuses a refund", extra={"refund_id": refund_id, "reason": refusal.code})
            return "failed"

    def fetch_refund(self, attempt: Attempt, refund_id: str) -> RefundStanding | None:
        intent = self._intent(attempt)
        known = self._find_refund(intent, refund_id) if intent else None
        return _standing(known) if known else None

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
        header = headers.get("stripe-signature", "")
        times = TIME.findall(header)
        # The library looks at what is too old; what comes from the future is for us.
        if len(times) != 1 or not is_timely(int(times[0]), now.timestamp()) or not self._is_signed(body, header):
            raise WebhookRefused()
        try:
            told = json.loads(body)
            about = told["data"]["object"]
            payment_id = str((about.get("metadata") or {}).get("payment_id") or "")
            return WebhookEvent(str(told["id"]), str(told["type"]), payment_id if ID.match(payment_id) else None)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise WebhookRefused() from None

    def payments(self, since: dt.datetime) -> Iterator[Record]:
        listed = {"created": {"gte": int(since.timestamp())}, "expand": ["data.payment_intent"]}
        sessions = self._ask(lambda: list(self._pages(self._sessions, listed)))
        return (_record(session) for session in sessions if _told(session).get("payment_id"))

    def refunds(self, since: dt.datetime) -> Iterator[RefundRecord]:
        listed = {"created": {"gte": int(since.timestamp())}}
        for refund in self._ask(lambda: list(self._pages(self._client.v1.refunds, listed))):
            ours = _told(refund)
            if ours.get("payment_id"):
                yield RefundRecord(ours.get("refund_id"), ours["payment_id"], int(refund.amount), _standing(refund))

    def _is_signed(self, body: bytes, header: str) -> bool:
        for secret in self._webhook_secrets:
            try:
                return bool(stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE_SECONDS))
            except (stripe.SignatureVerificationError, UnicodeError):
                continue
        return False

    def _find(self, attempt: Attempt) -> Any:
        """The attempt's session with its PaymentIntent; None when there never was one."""
        if attempt.reference:
            return self._ask(lambda: self._sessions.retrieve(str(attempt.reference), WITH_MONEY))
        assert attempt.created_at
        around = {"gte": int((attempt.created_at - SLACK).timestamp()),
                  "lte": int((attempt.created_at + LATEST).timestamp())}
        listed = {"created": around, "expand": ["data.payment_intent"]}
        return self._ask(lambda: next((session for session in self._pages(self._sessions, listed)
                                       if session.client_reference_id == attempt.payment_id), None))

    def _intent(self, attempt: Attempt) -> str | None:
        session = self._find(attempt)
        return str(session.payment_intent.id) if session and session.payment_intent else None

    def _find_refund(self, intent: str, refund_id: str) -> Any:
        return self._ask(lambda: next((each for each in self._pages(self._client.v1.refunds, {"payment_intent": intent})
                                       if _told(each).get("refund_id") == refund_id), None))

    def _change(self, attempt: Attempt, work: Callable[[Any], object]) -> Record:
        """Do it where that is possible, and say how the payment stands then."""
        session = self._find(attempt)
        if session is None:
            return Record("unknown")
        try:
            self._try(lambda: work(session))
        except REFUSALS as refusal:  # it has ended in another way; which, will be seen
            log.info("stripe can't do that now", extra={"payment_id": attempt.payment_id, "reason": refusal.code})
        return _record(self._ask(lambda: self._sessions.retrieve(session.id, WITH_MONEY)))

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


def _told(thing: Any) -> dict[str, str]:
    """The ids we gave it."""
    return dict(thing.metadata.to_dict()) if thing.metadata else {}


def _standing(refund: Any) -> RefundStanding:
    return REFUNDS.get(str(refund.status), "pending")


def _record(session: Any) -> Record:
    intent = session.payment_intent
    ours = _told(session)
    if intent and _told(intent) != ours:
        ours = {}  # one of them is not what we made
    standing = SESSIONS.get(str(session.status), "pending")
    if intent and standing != "cancelled" or intent and intent.status in ("requires_capture", "succeeded"):
        standing = INTENTS.get(str(intent.status), standing)
    assert standing in get_args(Standing)
    amount = session.amount_total
    if intent:
        amount = intent.amount_received if standing == "captured" else intent.amount
    return Record(standing, ours.get("payment_id"), ours.get("order_id"), amount,
                  str((intent or session).currency).upper(), bool(session.livemode), session.id, session.url)
