"""Stories that the model has found to end badly, told once more."""

from typing import Any

import pytest

from schemas import payment
from schemas.base import Method
from services.payment.review import Review
from tests.integration.model.cinema import Cinema
from tests.integration.model.machine import EverythingAtOnce


@pytest.fixture
def story(cinema: Cinema) -> EverythingAtOnce:
    """The cinema on its first day, to be played step by step; each step is compared with the ledger."""
    EverythingAtOnce.cinema = cinema
    machine = EverythingAtOnce()
    machine.open()
    return machine


def test_a_purchase_repeated_after_the_screening_has_begun_is_answered_as_before(story: EverythingAtOnce) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=True)
    story.time_passes(minutes=200)
    story.send_again(pick=0, changed=False)
    story.send_again(pick=0, changed=True)
    story.teardown()


def test_a_room_that_dies_while_buying_blocks_the_seats_for_seconds(story: EverythingAtOnce) -> None:
    """Even when nobody else buys for that screening, which would have made the room look at its board again."""
    story.time_passes(minutes=1)
    story.redis_loses_everything()
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.time_passes(minutes=1)
    story.a_room_is_about_to_die(room="order", kind="before", countdown=0)
    story.buy(buyer="ben", where=0, seats=("B1",), keyed=False)
    story.tend()
    story.time_passes(minutes=1)
    story.tend()
    story.buy(buyer="eve", where=0, seats=("B1",), keyed=False)
    assert story.order(0).buyer == "eve"
    story.teardown()


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_room_that_dies_while_cancelling_a_screening_leaves_it_cancelled_for_everybody_or_for_nobody(
        story: EverythingAtOnce, kind: str) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.pay_at_once(pick=0, keyed=False)
    story.a_room_is_about_to_die(room="order", kind=kind, countdown=0)
    story.cancel_screening(where=0, dry_run=False)
    story.teardown()


def test_a_review_that_is_decided_while_the_order_room_hears_of_it_ends_the_order(
        story: EverythingAtOnce, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision is heard when the order room has asked how the payment stands, and has not moved the order yet."""
    world, post = story.cinema.world, story.cinema.post
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.go_to_the_page(pick=0, keyed=False)
    story.the_bank_has_another_amount(pick=0)
    story.say_yes_at_the_page(pick=0)
    story.a_webhook_arrives(pick=0)
    story.a_timer_goes_off(chore=("payment", "look_into_webhooks"))
    call, review = world.line.call, Review(world.databases["payment"])

    def decided_meanwhile(method: Method, fields: dict[str, Any], **context: Any) -> Any:
        answer = call(method, fields, **context)
        if method is payment.GET_STATUS and (cases := review.cases()):
            review.decide(cases[0], "release", "sam", "in between")
            post.collect("payment")
            post.deliver(*[letter for letter in post.waiting if letter.event is payment.DISMISSED])
        return answer

    monkeypatch.setattr(world.line, "call", decided_meanwhile)
    [mine] = story.orders
    mine.dismissed = mine.closing_unclear = True
    story.all_events_arrive()
    assert mine.status == "expired"
    story.teardown()


@pytest.mark.parametrize("found_by", ["its event", "its buyer", "the sweep", "paying again"])
def test_money_that_is_found_after_the_film_began_goes_back(story: EverythingAtOnce, found_by: str) -> None:
    story.time_passes(minutes=175)
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.go_to_the_page(pick=0, keyed=False)
    story.say_yes_at_the_page(pick=0)
    story.a_webhook_arrives(pick=0)
    story.a_timer_goes_off(chore=("payment", "look_into_webhooks"))
    story.time_passes(minutes=6)
    match found_by:
        case "its event":
            story.all_events_arrive()
        case "its buyer":
            story.look_up(pick=0, stranger=False)
        case "paying again":
            story.pay_at_once(pick=0, keyed=False)
            story.tend()
        case "the sweep":
            story.tend()
    [mine] = story.orders
    assert (mine.status, mine.owed_back) == ("expired", True)
    story.teardown()
