"""Stories that the model found to end badly."""

import pytest

from tests.integration.model.play import Play


def test_a_purchase_repeated_after_the_screening_has_begun_is_answered_as_before(story: Play) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=True)
    story.time_passes(minutes=200)
    story.send_again(pick=0, changed=False)
    story.send_again(pick=0, changed=True)
    story.settle()


def test_a_room_that_dies_while_buying_blocks_the_seats_for_seconds(story: Play) -> None:
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
    story.settle()


def test_a_seat_is_free_soon_though_redis_holds_it_after_the_room_has_begun_anew(story: Play) -> None:
    """What Redis had not answered, only the room knew that died; and nobody else buys for that screening."""
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.time_passes(minutes=1)
    story.redis_is_about_to_stall(kind="later", countdown=0)
    story.buy(buyer="ben", where=0, seats=("B1",), keyed=False)
    story.a_room_is_about_to_die(room="order", kind="after", countdown=0)
    story.tend()
    story.tend()
    story.redis_goes_on(pick=0)
    story.a_moment_passes(seconds=12)
    story.tend()
    story.buy(buyer="eve", where=0, seats=("B1",), keyed=False)
    assert story.order(0).buyer == "eve"
    story.settle()


def test_a_seat_is_free_soon_though_redis_holds_it_late(story: Play) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.time_passes(minutes=1)
    story.redis_is_about_to_stall(kind="later", countdown=0)
    story.buy(buyer="ben", where=0, seats=("B1",), keyed=False)
    story.time_passes(minutes=1)
    story.tend()
    story.buy(buyer="eve", where=0, seats=("B1",), keyed=False)
    assert story.order(0).buyer == "eve"
    story.settle()


@pytest.mark.parametrize("dies", [False, True])
def test_a_seat_is_free_soon_though_redis_holds_it_late_on_a_board_made_meanwhile(story: Play, dies: bool) -> None:
    """The screening had none when Redis stalled, and it gets one with a purchase that leaves no order behind.

    `dies`: so does the room that knows of the stall, and the one that makes the board does not.
    """
    story.buy_with_snacks(buyer="ada", where=1, seats=("A1",), snacks=(("cola", 3),), keyed=False)
    story.buy(buyer="ben", where=0, seats=("B1",), keyed=False, stalls=True)
    if dies:
        story.a_room_is_about_to_die(room="order", kind="after", countdown=0)
        story.tend()
    story.tend()
    story.buy_with_snacks(buyer="eve", where=0, seats=("A1",), snacks=(("cola", 3),), keyed=False)
    story.tend()
    story.time_passes(minutes=1)
    story.tend()
    story.buy(buyer="eve", where=0, seats=("B1",), keyed=False)
    assert story.order(0).seats == ("B1",)
    story.settle()


def test_a_bank_that_gave_no_answer_to_what_it_would_have_declined_may_take_the_money(story: Play) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.the_bank_will_make_trouble(pick=0, trouble="time_out")
    story.the_bank_will_make_trouble(pick=0, trouble="decline")
    story.pay_at_once(pick=0, keyed=False)
    story.settle()


def test_an_order_under_review_is_paid_by_another_payment_that_the_bank_takes(story: Play) -> None:
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.the_bank_will_make_trouble(pick=0, trouble="decline")
    story.pay_at_once(pick=0, keyed=False)
    story.go_to_the_page(pick=0, keyed=False)
    story.the_bank_has_another_amount(pick=0)
    story.the_bank_takes_the_money_after_all(pick=0)
    story.pay_at_once(pick=0, keyed=False)
    story.all_events_arrive()
    story.settle()


def test_an_order_ends_when_its_payment_is_written_off_while_the_bank_is_silent(story: Play) -> None:
    story.buy(buyer="ben", where=0, keyed=False, seats=("A1",), stalls=False)
    story.a_call_is_about_to_fail(room="payment", kind="undone", countdown=1)
    story.go_to_the_page(pick=0, keyed=False)
    story.all_events_arrive()
    story.cancel(pick=0, keyed=True)
    story.say_yes_at_the_page(pick=0)
    story.the_bank_has_another_amount(pick=0)
    story.cancel(pick=0, keyed=False)
    story.an_event_arrives(pick=0)
    story.the_bank_will_make_trouble(pick=0, trouble="time_out")
    story.a_call_is_about_to_fail(room="payment", kind="undone", countdown=0)
    story.somebody_decides(pick=0, decision="written_off")
    story.settle()
    assert story.order(0).status == "expired"


def test_a_payment_that_a_wallet_had_too_little_for_may_be_done_late_when_it_has_been_filled(story: Play) -> None:
    """And its caller, who had no answer, has gone to the page meanwhile."""
    story.buy(buyer="eve", where=0, seats=("A1",), keyed=True)
    story.a_call_is_about_to_fail(room="payment", kind="later", countdown=0)
    story.pay_by_wallet(pick=0, keyed=False)
    story.adjust(buyer="eve", amount=1500)
    story.go_to_the_page(pick=0, keyed=False)
    story.what_was_asked_for_is_done_late(pick=0)
    story.settle()
    assert story.order(0).status == "completed"


def test_a_new_board_shows_the_seats_of_an_order_that_is_left_alone_as_held(story: Play) -> None:
    """The payment room gave no answer about it, so it is asked again in a minute."""
    story.buy(buyer="ada", where=1, seats=("A1", "B2"), keyed=False)
    story.go_to_the_page(pick=0, keyed=False)
    story.time_passes(minutes=16)
    story.a_call_is_about_to_fail(room="payment", kind="undone", countdown=0)
    story.tend()
    story.redis_loses_everything()
    story.buy_with_snacks(buyer="ada", where=1, seats=("A1",), snacks=(("popcorn", 1),), keyed=False)
    story.settle()


def test_a_late_write_of_redis_does_not_shorten_the_hold_of_an_order_in_review(story: Play) -> None:
    """Redis marked the seats for the payment after they had been marked for the review, which takes longer."""
    story.buy(buyer="ada", where=0, seats=("A1",), keyed=False)
    story.go_to_the_page(pick=0, keyed=False)
    story.the_bank_has_another_amount(pick=0)
    story.redis_is_about_to_stall(kind="later", countdown=0)
    story.say_yes_at_the_page(pick=0)
    story.go_to_the_page_and_keep_the_card(pick=0, choice=None, says_so=True, keyed=False, pays=False, seats=("A1",))
    story.settle()
