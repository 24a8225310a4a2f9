"""Stripe with a restricted key: without the permission to read charges and disputes, money moves as before."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest

from services.foundation.database import utc_now
from services.foundation.ids import new_id
from services.payment.payment_state import Attempt
from services.payment.stripe.provider import StripeCheckout
from tests.drivers.stripe_server import KEY, Stripe, running_stripe

SENTENCE = ("The key for Stripe lacks the permission to read {}. Payments go on without it, but money that leaves a "
            "payment without this system may not be noticed.")


@pytest.fixture
def server() -> Iterator[Stripe]:
    with running_stripe() as running:
        running.forbidden = {"charges", "disputes"}
        yield running


@pytest.fixture
def provider(server: Stripe) -> StripeCheckout:
    return StripeCheckout(KEY, ["whsec_1"], "https://cinema.example", server.url)


@pytest.fixture
def captured(server: Stripe, provider: StripeCheckout) -> Attempt:
    now = utc_now()
    attempt = Attempt(new_id(), new_id(), 1200, "EUR", "card", 1, "stripe", "submitted", return_url="/order/1",
                      expires_at=now + dt.timedelta(minutes=15), created_at=now)
    attempt = replace(attempt, reference=provider.authorize(attempt).reference)
    server.pay(server.session_of(attempt.payment_id))
    assert provider.capture(attempt).status == "captured"
    return attempt


def test_money_is_captured_and_refunded(provider: StripeCheckout, captured: Attempt) -> None:
    assert provider.refund(captured, "r1", 400) == provider.fetch_refund(captured, "r1") == "done"
    assert [record.status for record in provider.payments(utc_now() - dt.timedelta(hours=1))] == ["captured"]
    assert provider.missing_permissions == set()


def test_refunds_by_hand_are_seen_without_the_permission_to_read_disputes(server: Stripe, provider: StripeCheckout,
                                                                          captured: Attempt) -> None:
    refund = server.refund_by_hand(captured.payment_id, 500)
    server.dispute(captured.payment_id, 700)

    assert [record.reversal_id for record in provider.reversals_of(captured)] == [refund["id"]]
    assert [record.reversal_id for record in provider.reversals(utc_now() - dt.timedelta(hours=1))] == [refund["id"]]
    assert provider.missing_permissions == {"Disputes"}


def test_a_charge_that_can_not_be_read_is_of_no_known_payment(provider: StripeCheckout, captured: Attempt,
                                                              server: Stripe) -> None:
    assert provider.payment_of(server.intent_of(captured.payment_id)["latest_charge"]) is None
    assert provider.missing_permissions == {"Charges"}


def test_a_missing_permission_is_logged_once_as_one_sentence(provider: StripeCheckout, captured: Attempt,
                                                             caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        provider.reversals_of(captured)

    assert [(record.levelname, record.getMessage()) for record in caplog.records
            if record.name == "marquee.stripe"] == [("ERROR", SENTENCE.format("Disputes"))]


def test_a_dispute_from_before_the_permission_is_found_once_it_is_granted(server: Stripe, provider: StripeCheckout,
                                                                          captured: Attempt) -> None:
    server.dispute(captured.payment_id, 700)
    assert list(provider.reversals(utc_now() + dt.timedelta(hours=1))) == []
    assert provider.missing_permissions == {"Disputes"}

    server.forbidden = set()

    [found] = provider.reversals(utc_now() + dt.timedelta(hours=1))  # later than the dispute
    assert (found.payment_id, found.amount) == (captured.payment_id, 700)
    assert provider.missing_permissions == set()
