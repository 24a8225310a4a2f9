"""Checkout Sessions: each is one attempt to pay, and is found again by our id for it."""

import datetime as dt
from typing import Any

from services.payment.payment_state import Attempt
from services.payment.stripe.api import StripeApi

SHORTEST_SESSION = dt.timedelta(minutes=45)   # Stripe wants 30 from the time of the request, which may be repeated
CLOCK_SKEW = dt.timedelta(minutes=5)          # by which Stripe's clock may differ from ours
LAST_REQUEST = dt.timedelta(hours=1)          # after which no session is requested for an attempt any more
# A session's money is in its PaymentIntent. The charge in there is not expanded: a restricted key may not read it.
EXPANDED, EXPANDED_LIST = {"expand": ["payment_intent"]}, ["data.payment_intent"]


class Sessions:
    """The Checkout Sessions of an account, each with its PaymentIntent expanded."""

    def __init__(self, api: StripeApi, public_url: str) -> None:
        self._api, self._sessions = api, api.v1.checkout.sessions
        self._public_url = public_url.rstrip("/")

    def create(self, attempt: Attempt, amount: int) -> Any:
        """The attempt's session, made once per attempt; `amount` is as Stripe writes it. Raises one of REJECTIONS."""
        assert attempt.return_url
        assert attempt.created_at
        assert attempt.expires_at
        back = self._public_url + attempt.return_url if attempt.return_url.startswith("/") else attempt.return_url
        ours = {"payment_id": attempt.payment_id, "order_id": attempt.order_id}
        params = {
            "mode": "payment", "payment_method_types": ["card"], "client_reference_id": attempt.payment_id,
            "line_items": [{"quantity": 1, "price_data": {
                "currency": attempt.currency.lower(), "unit_amount": amount,
                "product_data": {"name": "Cinema tickets"}}}],
            "metadata": ours, "payment_intent_data": {"capture_method": "manual", "metadata": ours},
            "success_url": back, "cancel_url": back,
            "expires_at": int(max(attempt.expires_at, attempt.created_at + SHORTEST_SESSION).timestamp()), **EXPANDED,
        }
        return self._api.send(lambda: self._sessions.create(params, {"idempotency_key": f"pay:{attempt.payment_id}"}))

    def expire(self, session: Any) -> None:
        """Close the page of an open session. Raises an error of the stripe library."""
        self._sessions.expire(session.id)

    def retrieve(self, session_id: str) -> Any:
        """The session of that id."""
        return self._api.ask(lambda: self._sessions.retrieve(session_id, EXPANDED))

    def find(self, attempt: Attempt) -> Any:
        """The attempt's session; None if there never was one."""
        if attempt.reference:
            return self.retrieve(attempt.reference)
        assert attempt.created_at
        around = {"gte": int((attempt.created_at - CLOCK_SKEW).timestamp()),
                  "lte": int((attempt.created_at + LAST_REQUEST).timestamp())}
        params = {"created": around, "expand": EXPANDED_LIST}
        return self._api.ask(lambda: next((session for session in self._api.pages(self._sessions, params)
                                           if session.client_reference_id == attempt.payment_id), None))

    def created(self, since: dt.datetime) -> list[Any]:
        """All sessions that were created since then."""
        params = {"created": {"gte": int(since.timestamp())}, "expand": EXPANDED_LIST}
        return self._api.ask(lambda: list(self._api.pages(self._sessions, params)))
