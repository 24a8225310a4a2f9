"""The contract of payment providers that keep cards: the sandbox, and Stripe at a server that answers like it."""

import datetime as dt
from dataclasses import replace

import pytest

from schemas.errors import RoomSilent
from services.foundation.database import utc_now
from services.foundation.ids import new_id
from services.payment.payment_state import Attempt, CardRecord, PaymentRecord
from services.payment.providers import Provider
from services.payment.rules import mismatch
from tests.drivers.payment_worlds import PageWorld, StripeWorld

pytestmark = pytest.mark.parametrize("world", ["sandbox", "stripe"], indirect=True)


@pytest.fixture
def card(world: PageWorld, provider: Provider, attempt: Attempt) -> CardRecord:
    """The card that a buyer has kept while paying at the page."""
    return keep(world, attempt)


@pytest.fixture
def asking_card(world: PageWorld, attempt: Attempt) -> CardRecord:
    """A kept card whose bank wants a further step whenever it pays."""
    return keep(world, attempt, asks=True)


def keep(world: PageWorld, attempt: Attempt, asks: bool = False) -> CardRecord:
    wished = replace(attempt, save_card=True)
    known = replace(wished, reference=world.provider.authorize(wished).reference)
    world.pay_with_card(known, asks)
    world.provider.capture(known)
    card = world.provider.card_of(known)
    assert card
    return card


def another(attempt: Attempt, card: CardRecord) -> Attempt:
    return replace(attempt, payment_id=new_id(), order_id=new_id(), card_token=card.token)


def test_a_card_that_paid_is_kept_without_its_number(provider: Provider, attempt: Attempt, card: CardRecord) -> None:
    assert (card.brand, card.last4, card.exp_month) == ("visa", "4242", 12)
    assert card.exp_year > utc_now().year
    assert provider.card_of(replace(attempt, save_card=True)) == card


def test_a_card_is_not_kept_unless_its_buyer_wishes(world: PageWorld, provider: Provider, paid: Attempt) -> None:
    provider.capture(paid)
    assert provider.card_of(paid) is None


def test_a_kept_card_pays_at_once_and_once(world: PageWorld, provider: Provider, attempt: Attempt,
                                           card: CardRecord) -> None:
    second = another(attempt, card)
    first = provider.authorize(second)

    assert (first.status, mismatch(second, first, provider.live)) == ("authorized", None)
    assert provider.authorize(second) == first == provider.fetch(second)
    known = replace(second, reference=first.reference)
    taken = provider.capture(known)
    assert (taken.status, mismatch(known, taken, provider.live)) == ("captured", None)
    assert provider.capture(known) == provider.cancel(known) == provider.fetch(known) == taken
    since = utc_now() - dt.timedelta(hours=1)
    assert [each.status for each in provider.payments(since) if each.payment_id == second.payment_id] == ["captured"]


def test_a_payment_with_a_kept_card_whose_answer_was_lost_is_found(
        world: PageWorld, provider: Provider, attempt: Attempt, card: CardRecord) -> None:
    second = another(attempt, card)
    world.lose_the_next_answer(second, "lose_authorize")
    with pytest.raises(RoomSilent):
        provider.authorize(second)

    assert provider.fetch(second).status == "authorized"
    assert provider.authorize(second) == provider.fetch(second)
    if isinstance(world, StripeWorld):
        assert len(world.server.intents) == 2


def test_a_payment_with_a_kept_card_is_refunded(provider: Provider, attempt: Attempt, card: CardRecord) -> None:
    second = another(attempt, card)
    provider.authorize(second)
    provider.capture(second)
    refund_id = new_id()

    assert [provider.refund(second, refund_id, 400) for _ in range(2)] == ["done", "done"]
    since = utc_now() - dt.timedelta(hours=1)
    assert [each.amount for each in provider.refunds(since) if each.payment_id == second.payment_id] == [400]


def test_a_declined_card_says_so_and_takes_nothing(
        world: PageWorld, provider: Provider, attempt: Attempt, card: CardRecord) -> None:
    second = another(attempt, card)
    world.decline_the_next(second)
    declined = provider.authorize(second)

    assert (declined.status, declined.reason) == ("declined", "declined")
    assert provider.fetch(second).status == provider.authorize(second).status == "declined"
    assert provider.capture(second).status == "declined"


def test_a_cancelled_payment_with_a_kept_card_is_never_captured(
        provider: Provider, attempt: Attempt, card: CardRecord) -> None:
    second = another(attempt, card)
    provider.authorize(second)

    assert provider.cancel(second).status == "cancelled"
    assert provider.capture(second).status == provider.fetch(second).status == "cancelled"


def test_a_card_whose_bank_wants_a_step_leads_to_a_page(
        world: PageWorld, provider: Provider, attempt: Attempt, asking_card: CardRecord) -> None:
    second = another(attempt, asking_card)
    asked = provider.authorize(second)

    assert asked.status == "pending"
    assert asked.redirect_url
    assert provider.authorize(second) == asked == provider.fetch(second)
    world.take_the_step(second)
    assert provider.fetch(second).status == "authorized"
    assert provider.capture(second).status == "captured"


def test_a_step_that_nobody_takes_can_be_given_up(
        world: PageWorld, provider: Provider, attempt: Attempt, asking_card: CardRecord) -> None:
    second = another(attempt, asking_card)
    provider.authorize(second)

    assert provider.cancel(second).status == provider.fetch(second).status == "cancelled"


def test_a_detached_card_pays_nothing(provider: Provider, attempt: Attempt, card: CardRecord) -> None:
    provider.detach(card.token)
    provider.detach(card.token)

    assert provider.card_of(replace(attempt, save_card=True)) is None
    second = another(attempt, card)
    assert provider.authorize(second).status == "declined"
    assert provider.capture(second).status in ("declined", "unknown")


def test_a_payment_with_a_kept_card_that_never_began_is_unknown(
        provider: Provider, attempt: Attempt, card: CardRecord) -> None:
    second = another(attempt, card)
    assert provider.fetch(second) == provider.cancel(second) == PaymentRecord("unknown")
