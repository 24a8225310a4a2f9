"""The contract of every payment provider: the sandbox, Stripe at a server that answers like it, and the wallet."""

import datetime as dt
import json
import time
from dataclasses import replace
from typing import Any

import orjson
import pytest

from schemas.errors import RoomSilent
from schemas.payment import WebhookRefused
from services.foundation.database import utc_now
from services.foundation.ids import new_id
from services.payment.payment_state import Attempt, PaymentRecord
from services.payment.providers import Provider
from services.payment.rules import mismatch
from services.payment.wallet.provider import WalletProvider
from services.payment.webhook_signatures import sign
from tests.drivers.payment_worlds import PageWorld, StripeWorld, WalletCaller, WalletWorld, World

PAGES = pytest.mark.parametrize("world", ["sandbox", "stripe"], indirect=True)   # with a page and webhooks


@PAGES
def test_a_repeated_authorization_returns_the_same_page(provider: Provider, attempt: Attempt) -> None:
    first = provider.authorize(attempt)

    assert first.status == "pending"
    assert first.redirect_url
    assert first.reference
    assert mismatch(attempt, first, provider.live) is None
    assert provider.authorize(attempt) == first == provider.fetch(attempt)
    assert not provider.live


def test_a_payment_that_was_never_requested_is_unknown(provider: Provider, attempt: Attempt) -> None:
    assert provider.fetch(attempt) == provider.cancel(attempt) == PaymentRecord("unknown")


def test_a_paid_attempt_is_authorized_then_captured_once(provider: Provider, paid: Attempt) -> None:
    assert provider.fetch(paid).status == "authorized"
    taken = provider.capture(paid)

    assert taken.status == "captured"
    assert mismatch(paid, taken, provider.live) is None
    assert provider.capture(paid) == provider.cancel(paid) == provider.fetch(paid) == taken


@pytest.mark.parametrize(("currency", "amount", "back", "at_stripe"), [
    ("ISK", 2500, 1000, (250000, 100000)), ("UGX", 9000, 4000, (900000, 400000)), ("JPY", 2500, 1000, (2500, 1000)),
    ("MGA", 250000, 100000, (2500, 1000)), ("KWD", 4500, 1500, (4500, 1500)), ("HUF", 250000, 5, (250000, 5))])
def test_amounts_in_special_currencies_are_paid_and_refunded_exactly(
        world: World, provider: Provider, attempt: Attempt, currency: str, amount: int, back: int,
        at_stripe: tuple[int, int]) -> None:
    asked = replace(attempt, currency=currency, amount=amount)
    asked = replace(asked, reference=provider.authorize(asked).reference)
    world.pay(asked)
    taken = provider.capture(asked)
    assert provider.refund(asked, new_id(), back) == "done"

    assert (taken.status, mismatch(asked, taken, provider.live)) == ("captured", None)
    since = utc_now() - dt.timedelta(hours=1)
    assert [each.amount for each in provider.refunds(since) if each.payment_id == asked.payment_id] == [back]
    if isinstance(world, StripeWorld):
        [intent], [refund] = world.server.intents.values(), world.server.all_refunds.values()
        assert (intent["amount"], refund["amount"]) == at_stripe


@PAGES
def test_a_cancelled_page_takes_no_money(world: World, provider: Provider, attempt: Attempt) -> None:
    known = replace(attempt, reference=provider.authorize(attempt).reference)

    assert provider.capture(known).status == "pending"
    assert provider.cancel(known).status == "cancelled"
    world.pay(known)
    assert provider.capture(known).status == provider.fetch(known).status == "cancelled"


def test_a_cancelled_reservation_is_never_captured(provider: Provider, paid: Attempt) -> None:
    assert provider.cancel(paid).status == "cancelled"
    assert provider.capture(paid).status == provider.cancel(paid).status == "cancelled"


def test_a_refund_goes_back_once(provider: Provider, paid: Attempt) -> None:
    provider.capture(paid)
    one, other = new_id(), new_id()

    assert [provider.refund(paid, name, 400) for name in (one, one, other)] == ["done"] * 3

    since = utc_now() - dt.timedelta(hours=1)
    back = {refund.refund_id: refund for refund in provider.refunds(since) if refund.payment_id == paid.payment_id}
    assert {name: (refund.amount, refund.status) for name, refund in back.items()} == {
        one: (400, "done"), other: (400, "done")}


def test_payments_begun_since_a_time_are_listed(world: World, provider: Provider, paid: Attempt) -> None:
    more = [replace(paid, payment_id=new_id(), order_id=new_id(), reference=None) for _ in range(120)]
    for attempt in more:
        provider.authorize(attempt)

    listed = {record.payment_id: record for record in provider.payments(utc_now() - dt.timedelta(hours=1))}

    assert listed[paid.payment_id].status == "authorized"
    assert {listed[attempt.payment_id].status for attempt in more} == {
        "authorized" if isinstance(world, WalletWorld) else "pending"}
    assert list(provider.payments(utc_now() + dt.timedelta(hours=1))) == []


def test_a_payment_whose_answer_was_lost_is_found_by_our_id(world: World, provider: Provider, attempt: Attempt) -> None:
    world.lose_the_next_answer(attempt, "lose_authorize")
    with pytest.raises(RoomSilent):
        provider.authorize(attempt)

    found = provider.fetch(attempt)
    assert found.status == ("authorized" if isinstance(world, WalletWorld) else "pending")
    assert provider.authorize(attempt) == found


@pytest.mark.parametrize("what", ["fetch", "capture", "cancel"])
def test_a_lost_answer_raises_room_silent(world: World, provider: Provider, paid: Attempt, what: str) -> None:
    world.lose_the_next_answer(paid, f"lose_{what}")
    with pytest.raises(RoomSilent):
        getattr(provider, what)(paid)


def test_a_wallet_without_enough_money_declines_and_has_no_record(wallet_room: Any, attempt: Attempt) -> None:
    provider = WalletProvider(WalletCaller(wallet_room))
    poor = replace(attempt, user_id=new_id())

    assert provider.authorize(poor) == PaymentRecord("declined", reason="insufficient_funds")
    assert provider.fetch(poor) == provider.capture(poor) == PaymentRecord("unknown")
    with pytest.raises(WebhookRefused):
        provider.verify_webhook(b"{}", {}, utc_now())


# --- webhooks ---


def hear(world: PageWorld, body: bytes, signature: str | None) -> Any:
    headers = {} if signature is None else {world.header: signature}
    return world.provider.verify_webhook(body, headers, utc_now())


@PAGES
def test_a_signed_webhook_names_its_payment(world: PageWorld) -> None:
    payment_id = new_id()
    body = world.message(payment_id)

    for seconds in (0, 295, -200):
        for signature in world.signatures(body, int(time.time()) + seconds):
            event = hear(world, body, signature)
            assert event.payment_id == payment_id
            assert event.event_id == json.loads(body)["id"]


@PAGES
def test_a_forged_webhook_is_refused(world: PageWorld) -> None:
    now = int(time.time())
    body = world.message(new_id())
    good = world.signatures(body, now)[0]
    old, young = world.signatures(body, now - 302)[0], world.signatures(body, now + 400)[0]
    forged = {
        "none": None, "empty": "", "another secret": sign("whsec_wrong", body, now), "no secret": sign("", body, now),
        "too old": old, "from the future": young, "v0": good.replace("v1=", "v0="), "two times": f"t={now},{old}",
        "only a time": f"t={now}", "no time": good.partition(",")[2], "nonsense": "t=x,v1=y",
        "wrong ones": f"t={now},v1={'0' * 64},v1={'f' * 64}",
    }
    bodies = {"another body": body + b" ", "in other words": orjson.dumps(json.loads(body), option=orjson.OPT_INDENT_2)
              if world.header != "stripe-signature" else orjson.dumps(json.loads(body)),
              "no text": b"\xff" + body, "empty": b""}
    accepted = [name for name, signature in forged.items() if not refuses(world, body, signature)]
    accepted += [name for name, other in bodies.items() if not refuses(world, other, good)]

    assert accepted == []
    assert not refuses(world, body, good)


@PAGES
@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b'{"id": "1", "type": "x", "data": 3}', b"{"])
def test_a_malformed_webhook_is_refused_though_signed(world: PageWorld, body: bytes) -> None:
    assert refuses(world, body, world.signatures(body, int(time.time()))[0])


def refuses(world: PageWorld, body: bytes, signature: str | None) -> bool:
    try:
        hear(world, body, signature)
    except WebhookRefused:
        return True
    return False
