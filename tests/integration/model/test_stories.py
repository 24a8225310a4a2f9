"""Stories of several rooms, the provider and the clock, told step by step; after each the ledger is compared."""

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from schemas import order
from schemas.errors import Busy
from services.foundation.rpc.calls import Principal
from services.order import store
from services.order.order_view import OrderView
from tests.integration.model.orders import Intent
from tests.integration.model.play import Play
from tests.integration.model.predictions import Prediction


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_room_that_dies_while_cancelling_a_screening_leaves_it_cancelled_for_everybody_or_for_nobody(
        story: Play, kind: str) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.pay_at_once(pick=0, keyed=False)
    story.a_room_is_about_to_die(room="order", kind=kind, countdown=0)
    story.cancel_screening(where=0, dry_run=False)
    story.settle()


def test_a_review_that_is_decided_while_the_order_room_hears_of_it_ends_the_order(story: Play) -> None:
    """The decision is heard when the order room has asked how the payment stands, and has not moved the order yet."""
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.go_to_the_page(pick=0, keyed=False)
    story.the_bank_has_another_amount(pick=0)
    story.say_yes_at_the_page(pick=0)
    story.a_webhook_arrives(pick=0)
    story.a_timer_goes_off(chore=("payment", "process_webhooks"))
    story.somebody_decides_meanwhile(pick=0)
    assert story.cinema.met["decided meanwhile"] == 1
    assert story.order(0).status == "expired"
    story.settle()


@pytest.mark.parametrize("kind", ["fault", "nonsense"])
def test_an_order_whose_payment_room_answers_what_nobody_understands_is_paid_once(story: Play, kind: str) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=True)
    story.a_call_is_about_to_fail(room="payment", kind=kind, countdown=0)
    story.pay_at_once(pick=0, keyed=True)
    assert story.cinema.met[f">payment {kind}"] == 1
    story.pay_at_once(pick=0, keyed=False)
    story.settle()
    [mine] = story.orders
    assert mine.status in ("paid", "completed")


@pytest.mark.parametrize("found_by", ["its event", "its buyer", "the sweep", "paying again"])
def test_money_that_is_found_after_the_film_began_goes_back(story: Play, found_by: str) -> None:
    story.time_passes(minutes=175)
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.go_to_the_page(pick=0, keyed=False)
    story.say_yes_at_the_page(pick=0)
    story.a_webhook_arrives(pick=0)
    story.a_timer_goes_off(chore=("payment", "process_webhooks"))
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
    with story.cinema.world.engines["order"].connect() as tx:
        told = tx.execute(text("SELECT type FROM outbox WHERE about = :o ORDER BY sequence"), {"o": mine.order_id})
        assert list(told.scalars()) == ["order.created", "order.paying", "order.expired", "order.paid_late"]
    story.settle()


def test_an_order_that_begins_to_be_paid_while_it_is_being_dropped_is_not_ended(
        story: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its payment was not closed, because there was none when the order room looked."""
    world, ada, lock = story.cinema.world, Principal(user_id="ada"), store.lock
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    [mine] = story.orders

    def paying_meanwhile(tx: Connection, order_id: str, buyer_id: str | None = None) -> OrderView:
        monkeypatch.setattr(store, "lock", lock)
        world.answer(order.PAY, {"order_id": order_id, "method": "card", "return_url": "/"})
        return lock(tx, order_id, buyer_id)

    monkeypatch.setattr(store, "lock", paying_meanwhile)
    story.cinema.step(Intent("pay", mine), lambda: world.ask(order.CANCEL, ada, order_id=mine.order_id),
                      Prediction.of({Busy}, set()))
    assert mine.status == "paying"
    story.settle()


def test_late_money_for_a_cancelled_screening_revives_nothing_and_makes_no_ticket(story: Play) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.go_to_the_page(pick=0, keyed=False)
    story.time_passes(minutes=16)
    story.tend()
    story.cancel_screening(where=0, dry_run=False)
    story.the_bank_takes_the_money_after_all(pick=0)
    story.a_webhook_arrives(pick=0)
    story.a_timer_goes_off(chore=("payment", "process_webhooks"))
    story.all_events_arrive()
    [mine] = story.orders
    assert (mine.status, mine.owed_back) == ("expired", True)
    story.settle()


def test_late_money_brings_an_expired_order_its_free_seats(story: Play) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.go_to_the_page(pick=0, keyed=False)
    story.time_passes(minutes=16)
    story.tend()
    [mine] = story.orders
    assert mine.status == "expired"
    story.the_bank_takes_the_money_after_all(pick=0)
    story.a_webhook_arrives(pick=0)
    story.a_timer_goes_off(chore=("payment", "process_webhooks"))
    story.all_events_arrive()
    assert mine.status == "paid"
    story.settle()


def test_late_money_goes_back_when_one_of_its_seats_is_somebody_else_s_by_now(story: Play) -> None:
    story.buy(buyer="ada", where=0, seats=("A1", "B1"), keyed=False)
    story.go_to_the_page(pick=0, keyed=False)
    story.time_passes(minutes=16)
    story.tend()
    story.buy(buyer="ben", where=0, seats=("A1",), keyed=False)
    story.pay_at_once(pick=0, keyed=False)
    story.the_bank_takes_the_money_after_all(pick=0)
    story.a_webhook_arrives(pick=0)
    story.a_timer_goes_off(chore=("payment", "process_webhooks"))
    story.all_events_arrive()
    hers, his = story.orders
    assert (hers.status, hers.owed_back, his.status, his.valid) == ("expired", True, "paid", {"A1"})
    story.settle()


def test_an_order_room_that_dies_after_the_charge_finds_the_money_when_the_order_is_late(story: Play) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.a_room_is_about_to_die(room="order", kind="before", countdown=1)
    story.pay_at_once(pick=0, keyed=False)
    [mine] = story.orders
    [charge] = story.cinema.snapshot.charges[mine.order_id]
    assert (mine.status, charge.status) == ("paying", "captured")
    story.time_passes(minutes=16)
    story.tend()
    assert mine.status == "paid"
    story.settle()


def test_a_payment_room_that_is_away_costs_a_paying_order_no_seat_and_delays_a_refund(story: Play) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.a_call_is_about_to_fail(room="payment", kind="undone", countdown=0)
    story.pay_at_once(pick=0, keyed=False)
    [mine] = story.orders
    assert (mine.status, mine.holds) == ("paying", {"A1"})
    story.pay_at_once(pick=0, keyed=False)
    assert mine.status == "paid"
    story.a_call_is_about_to_fail(room="payment", kind="undone", countdown=0)
    story.refund(pick=0, count=0, last=False, amount=None, keyed=False)
    assert mine.status == "refunding"
    story.settle()
    assert mine.status == "refunded"


def test_a_fault_in_the_kitchen_delays_only_the_refund_of_snacks(story: Play) -> None:
    """That the money for the seats goes back at once is compared by the step."""
    story.buy_with_snacks(buyer="ada", where=0, seats=("A1",), snacks=(("popcorn", 1),), keyed=False)
    story.pay_at_once(pick=0, keyed=False)
    story.all_events_arrive()
    story.refund(pick=0, count=0, last=False, amount=None, keyed=False, bug_in="kitchen")
    [mine] = story.orders
    assert (mine.status, story.cinema.met[">kitchen fault"]) == ("refunding", 1)
    story.settle()
    assert (mine.status, story.cinema.snapshot.kitchen(mine.order_id)) == ("refunded", "given_up")
