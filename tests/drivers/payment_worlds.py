"""Payment providers to try things on: the sandbox, Stripe at a server that answers like it, and the wallet."""

import json
from dataclasses import dataclass
from typing import Any

import orjson
import stripe

from schemas.base import Method
from schemas.errors import RoomSilent
from services.foundation.database import Transactions
from services.foundation.ids import new_id
from services.payment.payment_state import Attempt
from services.payment.providers import Provider
from services.payment.sandbox import checkout, faults, webhooks
from services.payment.webhook_signatures import sign
from tests.drivers.stripe_server import Stripe

SECRETS = ["whsec_new", "whsec_old"]


@dataclass
class SandboxWorld:
    """The sandbox, what its buyers do, and how it signs webhooks."""

    provider: Provider
    database: Transactions
    header = webhooks.HEADER

    def pay(self, attempt: Attempt) -> None:
        self.database.run(lambda tx: checkout.choose(tx, attempt.payment_id, "pay", ""))

    def pay_with_card(self, attempt: Attempt, asks: bool) -> None:
        """`asks`: with a card whose bank wants a further step, which the buyer takes."""
        self.database.run(lambda tx: checkout.choose(tx, attempt.payment_id, "challenge" if asks else "pay", ""))
        if asks:
            self.take_the_step(attempt)

    def take_the_step(self, attempt: Attempt) -> None:
        self.database.run(lambda tx: checkout.choose(tx, attempt.payment_id, "confirm", checkout.CODE))

    def decline_the_next(self, attempt: Attempt) -> None:
        self.database.run(lambda tx: faults.inject_fault(tx, attempt.order_id, "decline"))

    def lose_the_next_answer(self, attempt: Attempt, what: Any) -> None:
        self.database.run(lambda tx: faults.inject_fault(tx, attempt.order_id, what))

    def message(self, payment_id: str) -> bytes:
        return orjson.dumps({"id": new_id(), "type": "payment.authorized", "data": {"payment_id": payment_id}})

    def signatures(self, body: bytes, seconds: int) -> list[str]:
        self.database.run(webhooks.renew_secret)
        return [sign(secret, body, seconds) for secret in self.database.run(webhooks.secrets)[:2]]


@dataclass
class StripeWorld:
    """Stripe, what its buyers do, and how it signs webhooks."""

    provider: Provider
    server: Stripe
    header = "stripe-signature"

    def pay(self, attempt: Attempt) -> None:
        session_id = self.server.session_of(attempt.payment_id)
        if self.server.sessions[session_id]["status"] == "open":
            self.server.pay(session_id)

    def pay_with_card(self, attempt: Attempt, asks: bool) -> None:
        """`asks`: with a card whose bank wants a further step when it pays again."""
        self.pay(attempt)
        self.server.bank_asks = asks

    def take_the_step(self, attempt: Attempt) -> None:
        self.server.take_the_step(attempt.payment_id)

    def decline_the_next(self, attempt: Attempt) -> None:
        self.server.card_declines = "generic_decline"

    def lose_the_next_answer(self, attempt: Attempt, what: Any) -> None:
        self.server.lost_answers = 1

    def message(self, payment_id: str) -> bytes:
        about = {"object": "checkout.session", "id": "cs_test_1", "metadata": {"payment_id": payment_id}}
        return json.dumps({"id": f"evt_{new_id()}", "object": "event", "type": "checkout.session.completed",
                           "data": {"object": about}}, indent=2).encode()

    def signatures(self, body: bytes, seconds: int) -> list[str]:
        """The signatures that Stripe's own library makes."""
        return [stripe.WebhookSignature.generate_signature_header(body.decode(), secret, seconds) for secret in SECRETS]


@dataclass
class WalletWorld:
    """The wallet room, called in this process; its members have enough money."""

    provider: Provider
    caller: "WalletCaller"

    def pay(self, attempt: Attempt) -> None:
        """Do nothing: the wallet has no page."""

    def lose_the_next_answer(self, attempt: Attempt, what: Any) -> None:
        self.caller.lost_answers = 1


@dataclass
class WalletCaller:
    """Calls the wallet room; an answer may be lost."""

    room: Any
    lost_answers: int = 0

    def call(self, method: Method, fields: dict[str, Any]) -> Any:
        reply = getattr(self.room, method.name)(**fields)
        if self.lost_answers:
            self.lost_answers -= 1
            raise RoomSilent(room=method.room)
        return reply


PageWorld = SandboxWorld | StripeWorld
World = PageWorld | WalletWorld
