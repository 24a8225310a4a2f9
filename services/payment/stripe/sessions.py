"""Checkout Sessions: each is one attempt to pay, and is found again by our id for it."""

import datetime as dt
from typing import Any

from services.payment.payment_state import Attempt, PaymentRecord
from services.payment.return_urls import abandoned
from services.payment.stripe.api import StripeApi
from services.payment.stripe.records import payment_record

SHORTEST_SESSION = dt.timedelta(minutes=45)   # Stripe wants 30 from the time of the request, which may be repeated
CLOCK_SKEW = dt.timedelta(minutes=5)          # by which Stripe's clock may differ from ours
LAST_REQUEST = dt.timedelta(hours=1)          # after which no session is requested for an attempt any more
# A session's money is in its PaymentIntent. The charge in there is not expanded: a restricted key may not read it.
EXPANDED, EXPANDED_LIST = {"expand": ["payment_intent"]}, ["data.payment_intent"]
# A session that keeps the card: it belongs to a Customer then, who is there when it pays again.
CUSTOMER, KEEPS_CARD = {"customer_creation": "always"}, {"setup_future_usage": "on_session"}


def ours_of(attempt: Attempt) -> dict[str, str]:
    """Our ids, for the metadata of what is made at Stripe."""
    return {"payment_id": attempt.payment_id, "order_id": attempt.order_id}


def back_to(attempt: Attempt, public_url: str) -> str:
    """The address at which the buyer comes back."""
    assert attempt.return_url
    return public_url + attempt.return_url if attempt.return_url.startswith("/") else attempt.return_url


def window(attempt: Attempt) -> dict[str, int]:
    """When the attempt was made at Stripe, if it was."""
    assert attempt.created_at
    return {"gte": int((attempt.created_at - CLOCK_SKEW).timestamp()),
            "lte": int((attempt.created_at + LAST_REQUEST).timestamp())}


class Sessions:
    """The Checkout Sessions of an account, each with its PaymentIntent expanded."""

    def __init__(self, api: StripeApi, public_url: str) -> None:
        self._api, self._sessions = api, api.v1.checkout.sessions
        self._public_url = public_url.rstrip("/")

    def create(self, attempt: Attempt, amount: int) -> Any:
        """The attempt's session, made once per attempt; `amount` is as Stripe writes it. Raises one of REJECTIONS."""
        assert attempt.created_at
        assert attempt.expires_at
        ours, back = ours_of(attempt), back_to(attempt, self._public_url)
        money = {"capture_method": "manual", "metadata": ours}
        params = {
            "mode": "payment", "payment_method_types": ["card"], "client_reference_id": attempt.payment_id,
            "line_items": [{"quantity": 1, "price_data": {
                "currency": attempt.currency.lower(), "unit_amount": amount,
                "product_data": {"name": "Cinema tickets"}}}],
            "metadata": ours, "success_url": back, "cancel_url": abandoned(back),
            "payment_intent_data": {**money, **(KEEPS_CARD if attempt.save_card else {})},
            **(CUSTOMER if attempt.save_card else {}),
            "expires_at": int(max(attempt.expires_at, attempt.created_at + SHORTEST_SESSION).timestamp()), **EXPANDED,
        }
        return self._api.send(lambda: self._sessions.create(params, {"idempotency_key": f"pay:{attempt.payment_id}"}))

    def cancel(self, session: Any) -> None:
        """Close the page of an open session, or release its money. Raises an error of the stripe library."""
        if session.status == "open":
            self._sessions.expire(session.id)
        elif session.payment_intent:
            self._api.v1.payment_intents.cancel(session.payment_intent.id)

    def intent_of(self, session: Any) -> Any:
        """The PaymentIntent, which has the money; None until the buyer has paid."""
        return session.payment_intent

    def record(self, session: Any) -> PaymentRecord:
        """The session as a provider's record."""
        return payment_record(session)

    def retrieve(self, session_id: str) -> Any:
        """The session of that id."""
        return self._api.ask(lambda: self._sessions.retrieve(session_id, EXPANDED))

    def find(self, attempt: Attempt) -> Any:
        """The attempt's session; None if there never was one."""
        if attempt.reference:
            return self.retrieve(attempt.reference)
        params = {"created": window(attempt), "expand": EXPANDED_LIST}
        return self._api.ask(lambda: next((session for session in self._api.pages(self._sessions, params)
                                           if session.client_reference_id == attempt.payment_id), None))

    def created(self, since: dt.datetime) -> list[Any]:
        """All sessions that were created since then."""
        params = {"created": {"gte": int(since.timestamp())}, "expand": EXPANDED_LIST}
        return self._api.ask(lambda: list(self._api.pages(self._sessions, params)))
