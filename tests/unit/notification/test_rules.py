"""Which events call for a message, what it is about, and when it is tried again."""

import datetime as dt

import pytest

from schemas import catalogue
from services.notification import rules
from tests.unit.notification.samples import NOON, facts

GONE = {"reason": "screening_cancelled"}
TOLD = {
    ("order.paid", "plain"): "paid", ("order.paid", "revived"): "revived", ("order.paid", "gone"): "paid",
    ("order.part_refunded", "plain"): "part_refunded", ("order.part_refunded", "gone"): "part_refunded",
    ("order.part_refunded", "revived"): "part_refunded",
    ("order.refunding", "gone"): "screening_cancelled",
    ("order.refunded", "plain"): "refunded", ("order.refunded", "revived"): "refunded",
    ("order.refunded", "reversed"): "reversed",
    **{("order." + what, "reversed"): what for what in ("paid", "part_refunded", "cancelled", "paid_late")},
    ("order.cancelled", "plain"): "cancelled", ("order.cancelled", "gone"): "screening_cancelled",
    ("order.cancelled", "revived"): "cancelled",
    **{("order.paid_late", how): "paid_late" for how in ("plain", "revived", "gone")},
}
HOW = {"plain": {}, "revived": {"revived": True}, "gone": GONE, "reversed": {"reason": "reversed"}}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("event", sorted(event for event in catalogue.events() if event.startswith("order.")))
def test_each_event_calls_for_its_message_or_none(event: str, how: str) -> None:
    assert rules.kind_of(event, facts(**HOW[how])) == TOLD.get((event, how))


def test_a_refund_of_some_seats_is_about_these_seats() -> None:
    told = facts(refund={"amount": 1000, "seats": ["F8"]}, returned_seats=["F7", "F8"], refunded=2000)
    assert rules.seats("part_refunded", told) == ["F8"]
    assert rules.seats_left(told) == []
    assert rules.amount("part_refunded", told) == 1000
    assert rules.amount("refunded", told) == 2000


def test_the_last_refund_is_about_no_seats_and_money_of_earlier_ones() -> None:
    told = facts(returned_seats=["F7", "F8"], refunded=2000, last_refund={"amount": 1000, "seats": ["F8"]})
    assert (rules.seats("refunded", told), rules.amount("refunded", told)) == (["F8"], 1000)
    assert rules.follows_others("refunded", told)
    of_an_older_version = facts(returned_seats=["F7", "F8"], refunded=2000)
    assert rules.seats("refunded", of_an_older_version) == ["F7", "F8"]
    assert not rules.follows_others("refunded", of_an_older_version)


def test_a_cancelled_screening_gives_back_the_snacks_too() -> None:
    snacks = [{"sku": "cola", "name": "Cola", "name_zh": None, "quantity": 2, "price": 300}]
    told = facts(**GONE, refund={"amount": 1250, "seats": ["F8"]}, returned_seats=["F7", "F8"], snacks=snacks)
    assert rules.amount("screening_cancelled", told) == 1850


def test_a_cancelled_screening_is_about_the_seats_that_were_left() -> None:
    told = facts(**GONE, refund={"amount": 1250, "seats": ["F8"]}, returned_seats=["F7", "F8"])
    assert rules.seats("screening_cancelled", told) == ["F8"]
    assert rules.seats("screening_cancelled", facts(**GONE)) == ["F7", "F8"]


def test_a_refund_of_some_seats_is_not_about_the_snacks() -> None:
    snacks = [{"sku": "cola", "name": "Cola", "name_zh": None, "quantity": 2, "price": 300}]
    told = facts(refund={"amount": 1250, "seats": ["F8"]}, returned_seats=["F8"], snacks=snacks)
    assert rules.amount("part_refunded", told) == 1250


def test_money_taken_back_by_the_bank_is_all_that_went_back() -> None:
    assert rules.amount("reversed", facts(reason="reversed", refunded=2300)) == 2300


@pytest.mark.parametrize(("kind", "label"), [
    ("paid", "paid"), ("revived", "paid"), ("cancelled", "unpaid"), ("screening_cancelled", "unpaid"),
    ("part_refunded", "back"), ("refunded", "back"), ("paid_late", "back"), ("reversed", "back"),
])
def test_the_money_of_a_message_is_paid_unpaid_or_back(kind: str, label: str) -> None:
    assert rules.money_label(kind, facts()) == label


def test_an_unpaid_order_of_a_cancelled_screening_has_no_refund() -> None:
    assert rules.amount("screening_cancelled", facts(**GONE)) == 2500
    paid = facts(**GONE, refund={"amount": 2500, "seats": ["F7", "F8"]})
    assert rules.money_label("screening_cancelled", paid) == "back"


def test_the_last_pause_is_repeated() -> None:
    waits = [(rules.next_try(tries, [5, 30, 120], NOON) - NOON) / dt.timedelta(seconds=1) for tries in range(1, 6)]
    assert waits == [5, 30, 120, 120, 120]


def test_a_message_waits_for_a_confirmed_address_for_a_limited_time() -> None:
    hour = dt.timedelta(hours=1)
    assert rules.waits_for_address(NOON, NOON + 47 * hour, 48 * hour)
    assert not rules.waits_for_address(NOON, NOON + 48 * hour, 48 * hour)


def test_an_account_gets_its_next_mail_an_hour_after_the_first_of_the_last_ones() -> None:
    now = NOON
    assert rules.next_mail_at(None, now) is None
    assert rules.next_mail_at(now - dt.timedelta(minutes=60), now) is None
    assert rules.next_mail_at(now - dt.timedelta(minutes=50), now) == now + dt.timedelta(minutes=10)
