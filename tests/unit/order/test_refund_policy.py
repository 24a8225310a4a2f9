"""The amount of a refund by the terms of the order."""

import datetime as dt

import pytest

from schemas.errors import FieldsInvalid
from schemas.order import ORDER_STATES
from schemas.order.refusals import OrderNotRefundable, RefundChanged, RefundClosed, SeatsNotInOrder
from services.order.screenings import refund_policy
from tests.unit.order.samples import FULL, LATER, MINUTE, NOW


def test_refunding_everything_left_is_a_whole_refund() -> None:
    plan = refund_policy.plan_refund("part_refunded", {"F7": 1007, "F8": 1008}, None, FULL, NOW)

    assert plan == refund_policy.RefundPlan({"F7": 1007, "F8": 1008}, {"F7": 1007, "F8": 1008}, whole=True, until=LATER)
    assert (plan.seats, plan.amount) == (["F7", "F8"], 2015)


def test_one_of_two_seats_can_be_refunded() -> None:
    plan = refund_policy.plan_refund("paid", {"F7": 1007, "F8": 1008}, ["F8"], FULL, NOW)

    assert plan == refund_policy.RefundPlan({"F8": 1008}, {"F8": 1008}, whole=False, until=LATER)


def test_a_seat_refunded_before_can_not_be_refunded_again() -> None:
    with pytest.raises(SeatsNotInOrder) as refusal:
        refund_policy.plan_refund("part_refunded", {"F7": 1007}, ["F7", "F8"], FULL, NOW)
    assert refusal.value.about == {"seats": ["F8"]}


@pytest.mark.parametrize("status", ORDER_STATES)
def test_only_what_was_paid_can_be_refunded(status: str) -> None:
    if status in ("paid", "part_refunded"):
        refund_policy.plan_refund(status, {"F7": 1007}, None, FULL, NOW)
    else:
        with pytest.raises(OrderNotRefundable) as refusal:
            refund_policy.plan_refund(status, {"F7": 1007}, None, FULL, NOW)
        assert refusal.value.about == {"order_status": status}


def test_a_seat_can_not_be_given_back_twice_at_once() -> None:
    with pytest.raises(FieldsInvalid) as refusal:
        refund_policy.plan_refund("paid", {"F7": 1007, "F8": 1008}, ["F7", "F7"], FULL, NOW)
    assert refusal.value.about == {"fields": {"seats": ["The same seat is named twice."]}}


@pytest.mark.parametrize(("hours", "lost"), [(0, False), (23.9, False), (24, True), (48, True)])
def test_a_kitchen_without_a_ticket_may_still_hear_of_the_order_for_a_day(hours: float, lost: bool) -> None:
    assert refund_policy.kitchen_lost_it(NOW - dt.timedelta(hours=hours), NOW) is lost


def test_refunds_close_by_the_terms_of_the_order() -> None:
    refund_policy.plan_refund("paid", {"F7": 1007}, None, [refund_policy.Tier(NOW, 100, 0)], NOW)
    with pytest.raises(RefundClosed):
        refund_policy.plan_refund("paid", {"F7": 1007}, None, [refund_policy.Tier(NOW - MINUTE, 100, 0)], NOW)
    with pytest.raises(RefundClosed):
        refund_policy.plan_refund("paid", {"F7": 1007}, None, [], NOW)


POLICY = (refund_policy.TierRule(60 * MINUTE, 50, 100), refund_policy.TierRule(24 * 60 * MINUTE, 100, 0))


@pytest.mark.parametrize(("before_the_start", "back"), [
    (dt.timedelta(hours=48), [1201, 150]),      # everything
    (dt.timedelta(hours=24), [1201, 150]),      # to the second
    (dt.timedelta(hours=23), [500, 0]),         # half, down to a whole cent, less a fee; never less than nothing
    (dt.timedelta(hours=1), [500, 0]),
])
def test_a_later_refund_gives_back_less(before_the_start: dt.timedelta, back: list[int]) -> None:
    tiers = refund_policy.stamped(POLICY, LATER)
    plan = refund_policy.plan_refund("paid", {"F7": 1201, "F8": 150}, None, tiers, LATER - before_the_start)

    assert list(plan.back.values()) == back
    assert plan.amount + plan.kept == 1351
    assert plan.until == LATER - (dt.timedelta(days=1) if plan.kept == 0 else dt.timedelta(hours=1))


def test_after_the_last_tier_nothing_goes_back() -> None:
    with pytest.raises(RefundClosed) as refusal:
        refund_policy.plan_refund("paid", {"F7": 1201}, None, refund_policy.stamped(POLICY, LATER), LATER - 59 * MINUTE)
    assert refusal.value.about == {"full_until": (LATER - dt.timedelta(days=1)).isoformat()}


def test_a_policy_with_a_fee_never_gives_everything_back() -> None:
    tiers = refund_policy.stamped((refund_policy.TierRule(MINUTE, 100, 50),), LATER)
    assert refund_policy.full_refund_until(tiers) is None


def test_a_refund_of_another_amount_than_agreed_is_refused() -> None:
    plan = refund_policy.plan_refund("paid", {"F7": 1201}, None, FULL, NOW)
    refund_policy.check_amount(plan, None)
    refund_policy.check_amount(plan, 1201)
    with pytest.raises(RefundChanged) as refusal:
        refund_policy.check_amount(plan, 1200)
    assert refusal.value.about == {"amount": 1201}


@pytest.mark.parametrize(("kitchen", "back"), [
    ("reserved", 900), ("new", 900), ("preparing", 0), ("ready", 0), ("collected", 0),
    ("uncollected", 0), ("expired", 900)])
def test_snacks_are_refunded_in_full_until_the_kitchen_begins(kitchen: str, back: int) -> None:
    half = [refund_policy.Tier(LATER, 50, 0)]
    plan = refund_policy.with_snacks(refund_policy.plan_refund("paid", {"F7": 1000}, None, half, NOW), 900, kitchen)

    assert (plan.amount, plan.snacks, plan.snacks_back) == (500, 900, back)
    refund_policy.check_amount(plan, 500 + back)
    with pytest.raises(RefundChanged):
        refund_policy.check_amount(plan, 500 + 900 - back)


def test_snacks_are_kept_when_one_of_two_seats_is_refunded() -> None:
    plan = refund_policy.plan_refund("paid", {"F7": 1000, "F8": 1000}, ["F7"], FULL, NOW)
    assert refund_policy.with_snacks(plan, 900, "new").amount_with_snacks == 1000


def test_a_full_refund_gives_back_everything_whatever_the_terms() -> None:
    plan = refund_policy.full_refund({"F7": 1201})
    assert (plan.amount, plan.kept, plan.whole) == (1201, 0, True)


@pytest.mark.parametrize(("reason", "in_time", "back"), [
    ("asked", True, 500), ("asked", False, 0),
    ("reversed", True, 500), ("reversed", False, 0),
    ("screening_cancelled", True, 500), ("screening_cancelled", False, 500)])
def test_snacks_that_the_kitchen_has_begun_are_refunded_only_for_a_cancelled_screening(
    reason: str, in_time: bool, back: int,
) -> None:
    assert refund_policy.snacks_back(500, reason, in_time) == back


def test_the_policy_kept_with_an_order_is_the_one_that_was_stamped_on_it() -> None:
    tiers = refund_policy.stamped(POLICY, LATER)
    assert refund_policy.load_tiers(refund_policy.dump_tiers(tiers)) == tiers


def test_the_terms_say_what_goes_back_of_the_seats_and_snacks_that_are_left() -> None:
    tiers = [refund_policy.Tier(NOW, 100, 0), refund_policy.Tier(LATER, 50, 100), refund_policy.Tier(LATER, 0, 0)]

    told = refund_policy.terms(tiers, [1007, 150], 1250)

    assert told["full_until"] == NOW
    assert [tier["amount"] for tier in told["tiers"]] == [1157 + 1250, 403 + 0 + 1250, 1250]
