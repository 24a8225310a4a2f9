"""The payment room with Stripe as its provider, at a server that answers like Stripe's."""

import datetime as dt
import json
import logging
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe
from nameko import config
from sqlalchemy import text

from schemas.errors import Refusal, RoomSilent
from schemas.payment import AmountTooLarge, AmountTooSmall, UnknownProvider, WebhookRefused
from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from tests.drivers.stripe_server import KEY, Stripe
from tests.integration.payment.conftest import stripe_as_provider

pytestmark = pytest.mark.usefixtures("empty_books")  # the room asks about every webhook that waits

SECRETS = ("whsec_new", "whsec_old")


@pytest.fixture
def server() -> Iterator[Stripe]:
    with stripe_as_provider(*SECRETS) as running:
        yield running


@pytest.fixture
def room(server: Stripe, open_room: Callable[[], Any]) -> Any:
    """The payment room with Stripe."""
    return open_room()


@pytest.fixture
def start(room: Any, server: Stripe, order_id: str) -> Callable[[], dict[str, Any]]:
    def begin() -> dict[str, Any]:
        later = (utc_now() + dt.timedelta(minutes=15)).isoformat()
        return dict(room.start(order_id=order_id, amount=1200, currency="EUR", method="card", return_url="/order/1",
                               expires_at=later))

    return begin


def tell(room: Any, payment_id: str | None, kind: str = "checkout.session.completed", secret: str = SECRETS[0]) -> None:
    """The room receives and processes a webhook of Stripe's."""
    send(room, payment_id, kind, secret)
    room.process_webhooks()


def send(room: Any, payment_id: str | None, kind: str, secret: str = SECRETS[0]) -> None:
    """The room receives a webhook, signed by Stripe's own library."""
    about = {"object": "checkout.session", "metadata": {"payment_id": payment_id} if payment_id else {}}
    body = json.dumps({"id": f"evt_{new_id()}", "object": "event", "type": kind, "data": {"object": about}})
    header = stripe.WebhookSignature.generate_signature_header(body, secret, int(time.time()))
    room.receive_webhook(provider="stripe", body=b64encode(body.encode()).decode(),
                         headers={"stripe-signature": header})


def test_money_that_a_buyer_reserved_at_stripe_is_captured(
        room: Any, server: Stripe, order_id: str, start: Callable[[], dict[str, Any]]) -> None:
    begun = start()
    assert begun["redirect_url"].startswith(server.url)
    assert start() == begun
    session_id = server.session_of(begun["payment_id"])
    server.pay(session_id)
    tell(room, begun["payment_id"], secret=SECRETS[1])

    assert room.get_status(order_id=order_id)["status"] == "captured"
    assert [intent["amount_received"] for intent in server.intents.values()] == [1200]
    assert len(server.sessions) == 1


def test_a_refund_goes_back_through_stripe_once(
        room: Any, server: Stripe, order_id: str, start: Callable[[], dict[str, Any]]) -> None:
    begun, refund = start(), {"order_id": order_id, "refund_id": new_id(), "amount": 500, "currency": "EUR"}
    server.pay(server.session_of(begun["payment_id"]))
    tell(room, begun["payment_id"])

    server.lost_answers = 1
    with pytest.raises(RoomSilent):
        room.refund(**refund)
    assert [room.refund(**refund)["status"] for _ in range(2)] == ["done", "done"]
    assert [back["amount"] for back in server.all_refunds.values()] == [500]


def test_a_pending_refund_is_polled_until_it_is_done(
        room: Any, server: Stripe, order_id: str, start: Callable[[], dict[str, Any]]) -> None:
    begun, refund = start(), {"order_id": order_id, "refund_id": new_id(), "amount": 500, "currency": "EUR"}
    server.pay(server.session_of(begun["payment_id"]))
    tell(room, begun["payment_id"])
    server.refund_status = "pending"
    with pytest.raises(RoomSilent):
        room.refund(**refund)

    for back in server.all_refunds.values():
        back["status"] = "succeeded"
    assert room.refund(**refund)["status"] == "done"
    assert len(server.all_refunds) == 1


@pytest.mark.parametrize(("thing", "wrong"), [
    ("intent", {"amount": 1100}), ("intent", {"currency": "usd"}), ("session", {"livemode": True}),
    ("intent", {"metadata": {"payment_id": "another", "order_id": "another"}}), ("session", {"metadata": {}})])
def test_a_payment_that_differs_at_stripe_is_reviewed(
        room: Any, server: Stripe, order_id: str, thing: str, start: Callable[[], dict[str, Any]],
        wrong: dict[str, Any]) -> None:
    begun = start()
    session = server.sessions[server.session_of(begun["payment_id"])]
    server.pay(session["id"])
    (session if thing == "session" else server.intents[session["payment_intent"]]).update(wrong)
    tell(room, begun["payment_id"])

    assert room.get_status(order_id=order_id)["status"] == "review"
    assert [intent["amount_received"] for intent in server.intents.values()] == [0]


def test_closing_an_order_expires_its_session(
        room: Any, server: Stripe, order_id: str, start: Callable[[], dict[str, Any]]) -> None:
    begun = start()

    assert room.close(order_id=order_id)["captured"] == 0
    assert server.sessions[server.session_of(begun["payment_id"])]["status"] == "expired"


def test_three_webhooks_about_one_payment_are_one_sync(
        room: Any, server: Stripe, order_id: str, start: Callable[[], dict[str, Any]]) -> None:
    begun = start()
    server.requests.clear()
    for kind in ("checkout.session.completed", "payment_intent.amount_capturable_updated", "payment_intent.created"):
        send(room, begun["payment_id"], kind)
    room.process_webhooks()

    assert server.requests == [f"GET /v1/checkout/sessions/{server.session_of(begun['payment_id'])}"]


def test_a_card_that_refuses_the_capture_pays_nothing(
        room: Any, server: Stripe, order_id: str, start: Callable[[], dict[str, Any]]) -> None:
    begun = start()
    server.pay(server.session_of(begun["payment_id"]))
    server.card_refuses = True
    tell(room, begun["payment_id"])
    assert room.get_status(order_id=order_id)["status"] == "pending"

    assert room.close(order_id=order_id)["captured"] == 0
    assert [intent["status"] for intent in server.intents.values()] == ["canceled"]


def test_while_stripe_is_silent_nothing_is_decided(room: Any, server: Stripe, order_id: str,
                                                   start: Callable[[], dict[str, Any]]) -> None:
    server.lost_answers = 1
    with pytest.raises(RoomSilent):
        start()
    assert room.get_status(order_id=order_id)["status"] == "submitted"

    assert start()["status"] == "pending"
    assert len(server.sessions) == 1
    server.lost_answers = 1
    with pytest.raises(RoomSilent):
        room.close(order_id=order_id)


def begin(room: Any, order_id: str, amount: int, currency: str) -> dict[str, Any]:
    later = (utc_now() + dt.timedelta(minutes=15)).isoformat()
    return dict(room.start(order_id=order_id, amount=amount, currency=currency, method="card", return_url="/o",
                           expires_at=later))


@pytest.mark.parametrize(("amount", "currency", "refusal", "limit"), [
    (49, "EUR", AmountTooSmall, {"minimum": 50, "currency": "EUR"}),
    (17499, "HUF", AmountTooSmall, {"minimum": 17500, "currency": "HUF"}),
    (100_000_000, "EUR", AmountTooLarge, {"maximum": 99_999_999, "currency": "EUR"}),
    (1_000_000, "ISK", AmountTooLarge, {"maximum": 999_999, "currency": "ISK"})])
def test_an_amount_that_stripe_never_takes_is_refused_with_the_limit(
         room: Any, server: Stripe, order_id: str, amount: int, currency: str, refusal: type[Refusal],
        limit: dict[str, Any]) -> None:
    with pytest.raises(refusal) as refused:
        begin(room, order_id, amount, currency)
    assert refused.value.about == limit
    assert server.requests == []
    assert room.get_status(order_id=order_id)["status"] == "none"


@pytest.mark.parametrize(("amount", "currency", "reason"), [
    (49, "ALL", "amount_too_small"), (4505, "KWD", "amount_not_possible")])
def test_a_payment_that_stripe_refuses_fails_with_the_reason(
        room: Any, server: Stripe, order_id: str, amount: int, currency: str, reason: str) -> None:
    begun = begin(room, order_id, amount, currency)

    assert (begun["status"], begun["redirect_url"]) == ("failed", None)
    assert room.get_status(order_id=order_id)["reason"] == reason


def test_webhooks_about_other_objects_are_acknowledged_and_ignored(
        room: Any, server: Stripe, database: Transactions) -> None:
    send(room, None, "customer.created")
    newest = text("SELECT type, handled_at IS NOT NULL AS handled FROM webhook_inbox ORDER BY received_at DESC LIMIT 1")
    kept = database.read(lambda tx: tx.execute(newest).one())
    room.process_webhooks()

    assert (kept.type, kept.handled) == ("customer.created", 1)
    assert server.requests == []


def test_a_foreign_secret_signs_no_webhook_for_stripe(room: Any, server: Stripe) -> None:
    with pytest.raises(WebhookRefused):
        tell(room, new_id(), secret="whsec_of_somebody_else")


def test_no_key_and_no_secret_is_ever_logged(room: Any, open_room: Callable[[], Any], order_id: str,
                                             caplog: pytest.LogCaptureFixture,
                                             start: Callable[[], dict[str, Any]]) -> None:
    bad = "sk_test_withdrawn"
    with caplog.at_level(logging.INFO):
        begun = start()
        with pytest.raises(WebhookRefused):
            tell(room, begun["payment_id"], secret="whsec_of_somebody_else")
        wrong = {**config["payment"]["stripe"], "secret_key": bad}
        with config.patch({"payment": {**config["payment"], "stripe": wrong}}), pytest.raises(RoomSilent):
            open_room().close(order_id=order_id)

    assert "AuthenticationError" in str([vars(record) for record in caplog.records])
    said = caplog.text + str([vars(record) for record in caplog.records])
    assert [secret for secret in (KEY, bad, *SECRETS, "whsec_of") if secret in said] == []


def test_webhooks_of_stripe_are_refused_without_a_key(open_room: Callable[[], Any]) -> None:
    with pytest.raises(UnknownProvider):
        tell(open_room(), new_id())
