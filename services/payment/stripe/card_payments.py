"""Payments with kept cards: each is a PaymentIntent, confirmed as it is made, and found again by our id for it.

A kept card is a PaymentMethod of a Customer; its token here names both. A Customer of Stripe's holds one card.
"""

import datetime as dt
from typing import Any

from services.foundation.database import utc_now
from services.payment.payment_state import Attempt, CardRecord, PaymentRecord
from services.payment.stripe.api import StripeApi
from services.payment.stripe.records import card_payment_record, card_record, our_ids
from services.payment.stripe.sessions import LAST_REQUEST, back_to, ours_of, window

WAY = {"way": "kept_card"}   # in the metadata of these PaymentIntents, and of none that a session has made


class CardPayments:
    """The PaymentIntents of an account that kept cards pay."""

    def __init__(self, api: StripeApi, public_url: str) -> None:
        self._api, self._intents, self._methods = api, api.v1.payment_intents, api.v1.payment_methods
        self._public_url = public_url.rstrip("/")

    def create(self, attempt: Attempt, amount: int) -> Any:
        """The attempt's PaymentIntent, made once per attempt; None: it is too late to make one.

        `amount` is as Stripe writes it. Raises one of REJECTIONS, such as a declined card.
        """
        assert attempt.created_at
        if attempt.created_at < utc_now() - LAST_REQUEST:  # Stripe may forget the idempotency key
            return self.find(attempt)
        customer, method = str(attempt.card_token).split(":")
        params = {
            "amount": amount, "currency": attempt.currency.lower(), "customer": customer, "payment_method": method,
            "payment_method_types": ["card"], "capture_method": "manual", "confirm": True,
            "return_url": back_to(attempt, self._public_url), "metadata": {**ours_of(attempt), **WAY},
        }
        return self._api.send(lambda: self._intents.create(params, {"idempotency_key": f"pay:{attempt.payment_id}"}))

    def find(self, attempt: Attempt) -> Any:
        """The attempt's PaymentIntent; None if there never was one."""
        if attempt.reference:
            return self.retrieve(attempt.reference)
        return self._api.ask(lambda: next(
            (intent for intent in self._api.pages(self._intents, {"created": window(attempt)})
             if our_ids(intent).get("payment_id") == attempt.payment_id), None))

    def retrieve(self, intent_id: str) -> Any:
        """The PaymentIntent of that id."""
        return self._api.ask(lambda: self._intents.retrieve(intent_id))

    def created(self, since: dt.datetime) -> list[Any]:
        """All PaymentIntents of kept cards that were created since then."""
        params = {"created": {"gte": int(since.timestamp())}}
        return self._api.ask(lambda: [intent for intent in self._api.pages(self._intents, params)
                                      if our_ids(intent).items() >= WAY.items()])

    def cancel(self, intent: Any) -> None:
        """Release the money. Raises an error of the stripe library."""
        self._intents.cancel(intent.id)

    def intent_of(self, intent: Any) -> Any:
        """What has the money: the PaymentIntent itself."""
        return intent

    def record(self, intent: Any) -> PaymentRecord:
        """The PaymentIntent as a provider's record."""
        return card_payment_record(intent)

    def card_of(self, intent: Any) -> CardRecord | None:
        """The card that a PaymentIntent was paid with, if Stripe keeps it."""
        method = intent and intent.payment_method and self._find_method(intent.payment_method)
        return card_record(method) if method and method.customer else None

    def detach(self, token: str) -> None:
        """Take the PaymentMethod from its Customer; it can't be used again, by anybody."""
        method = self._find_method(token.split(":")[1])
        if method and method.customer:
            self._api.ask(lambda: self._methods.detach(method.id))  # a refusal is no answer: it is tried again

    def _find_method(self, method_id: str) -> Any:
        return self._api.ask(lambda: self._api.retrieve(self._methods, method_id))
