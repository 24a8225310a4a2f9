import datetime as dt
from itertools import product

import pytest

from schemas.errors import FieldsInvalid
from schemas.order import ORDER_STATES
from schemas.order.refusals import (
    OrderExpired,
    OrderNotCancellable,
    OrderNotPayable,
    OrderNotRefundable,
    RefundChanged,
    RefundClosed,
    SalesClosed,
    SeatsNotInOrder,
    SeatsUnknownInHall,
)
from services.order import rules
from services.order.refunding import refund_policy

NOW = dt.datetime(2026, 11, 21, 18, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=2)
MINUTE = dt.timedelta(minutes=1)
LIMITS = rules.Limits(hold=8 * MINUTE, pay=15 * MINUTE, refund_tiers=(refund_policy.TierRule(30 * MINUTE, 100, 0),),
                      seats_per_order=8, unpaid_orders=2, snacks_per_order=2, snacks_of_a_kind=3)
FULL = [refund_policy.Tier(LATER, 100, 0)]
HALL = {f"F{n}": {"seat_id": f"F{n}", "kind": "standard", "price": 1000 + n} for n in range(1, 12)}

ALLOWED = {
    ("created", "paying"), ("created", "cancelled"), ("created", "expired"),
    ("paying", "paid"), ("paying", "cancelled"), ("paying", "expired"), ("paying", "review"),
    ("paid", "part_refunded"), ("paid", "refunding"), ("paid", "completed"),
    ("part_refunded", "part_refunded"), ("part_refunded", "refunding"), ("part_refunded", "completed"),
    ("completed", "refunding"),
    ("refunding", "refunded"), ("expired", "paid"),
    ("review", "paid"), ("review", "expired"),
}


@pytest.mark.parametrize(("before", "after"), list(product(ORDER_STATES, ORDER_STATES)))
def test_an_order_changes_only_as_the_design_says(before: str, after: str) -> None:
    assert rules.may_become(before, after) == ((before, after) in ALLOWED)


def test_the_price_comes_from_the_hall_and_seats_stay_in_the_order_asked_for() -> None:
    quote = rules.quote(HALL, LATER, ["F9", "F7"], NOW, LIMITS)

    assert quote.seat_ids == ["F9", "F7"]
    assert quote.total == 1009 + 1007


def test_a_seat_can_not_be_named_twice_in_one_order() -> None:
    with pytest.raises(FieldsInvalid):
        rules.quote(HALL, LATER, ["F7", "F7"], NOW, LIMITS)


def test_eight_seats_are_sold_at_once_but_not_nine() -> None:
    assert len(rules.quote(HALL, LATER, [f"F{n}" for n in range(1, 9)], NOW, LIMITS).seats) == 8
    with pytest.raises(FieldsInvalid):
        rules.quote(HALL, LATER, [f"F{n}" for n in range(1, 10)], NOW, LIMITS)


def test_a_seat_the_hall_does_not_have_is_named() -> None:
    with pytest.raises(SeatsUnknownInHall) as refusal:
        rules.quote(HALL, LATER, ["F7", "Z1"], NOW, LIMITS)
    assert refusal.value.about == {"seats": ["Z1"]}


@pytest.mark.parametrize(("starts_at", "sold"), [(NOW + MINUTE, True), (NOW, False), (NOW - MINUTE, False)])
def test_seats_are_sold_until_the_film_starts(starts_at: dt.datetime, sold: bool) -> None:
    if sold:
        rules.quote(HALL, starts_at, ["F7"], NOW, LIMITS)
    else:
        with pytest.raises(SalesClosed):
            rules.quote(HALL, starts_at, ["F7"], NOW, LIMITS)


@pytest.mark.parametrize("status", ORDER_STATES)
def test_only_unpaid_orders_die_at_their_deadline(status: str) -> None:
    assert rules.is_dead(status, NOW, NOW) == (status in ("created", "paying"))
    assert not rules.is_dead(status, NOW + MINUTE, NOW)


@pytest.mark.parametrize("status", ORDER_STATES)
def test_only_a_living_unpaid_order_can_be_paid(status: str) -> None:
    if status in ("created", "paying"):
        rules.may_pay(status, NOW + MINUTE, NOW)
        with pytest.raises(OrderExpired):
            rules.may_pay(status, NOW, NOW)
    elif status == "expired":
        with pytest.raises(OrderExpired):
            rules.may_pay(status, NOW, NOW)
    else:
        with pytest.raises(OrderNotPayable):
            rules.may_pay(status, NOW + MINUTE, NOW)


def test_starting_to_pay_extends_the_deadline_once() -> None:
    created = NOW
    first = rules.pay_deadline(created, rules.first_deadline(LATER, created, LIMITS), LATER, LIMITS)
    again = rules.pay_deadline(created, first, LATER, LIMITS)

    assert first == again == created + 15 * MINUTE


@pytest.mark.parametrize("minutes", [1, 8, 12])
def test_nobody_is_given_longer_to_pay_than_until_the_film_begins(minutes: int) -> None:
    starts_at = NOW + minutes * MINUTE
    first = rules.first_deadline(starts_at, NOW, LIMITS)

    assert first == min(starts_at, NOW + 8 * MINUTE)
    assert rules.pay_deadline(NOW, first, starts_at, LIMITS) == starts_at


def test_a_film_has_begun_from_the_first_moment_on() -> None:
    assert [rules.has_begun(NOW, NOW + wait * MINUTE) for wait in (-1, 0, 1)] == [False, True, True]
    assert not rules.may_revive("expired", NOW, NOW)


@pytest.mark.parametrize(("waited", "pause"), [(-5, 1 / 12), (0, 1 / 12), (0.2, 0.2), (1, 1), (7, 7), (10, 10),
                                                (900, 10)])
def test_who_has_no_answer_is_asked_ever_more_seldom(waited: float, pause: float) -> None:
    assert rules.ask_again_at(NOW - waited * MINUTE, NOW) == NOW + pause * MINUTE


@pytest.mark.parametrize("status", ORDER_STATES)
def test_only_an_unpaid_order_can_be_cancelled(status: str) -> None:
    if status in ("created", "paying"):
        rules.may_cancel(status)
    else:
        with pytest.raises(OrderNotCancellable):
            rules.may_cancel(status)


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
        with pytest.raises(OrderNotRefundable):
            refund_policy.plan_refund(status, {"F7": 1007}, None, FULL, NOW)


def test_the_refund_closes_by_the_terms_of_the_order() -> None:
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
def test_the_later_the_less_goes_back(before_the_start: dt.timedelta, back: list[int]) -> None:
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
    assert refund_policy.in_full_until(refund_policy.stamped((refund_policy.TierRule(MINUTE, 100, 50),), LATER)) is None


def test_nobody_gets_another_amount_than_they_were_shown() -> None:
    plan = refund_policy.plan_refund("paid", {"F7": 1201}, None, FULL, NOW)
    refund_policy.check_amount(plan, None)
    refund_policy.check_amount(plan, 1201)
    with pytest.raises(RefundChanged):
        refund_policy.check_amount(plan, 1200)


@pytest.mark.parametrize(("wanted", "right"), [
    ([("cola", 3), ("nachos", 1)], True), ([], True),
    ([("cola", 4)], False), ([("cola", 1), ("cola", 1)], False), ([("a", 1), ("b", 1), ("c", 1)], False),
])
def test_an_order_has_so_many_snacks_and_no_more(wanted: list[tuple[str, int]], right: bool) -> None:
    snacks = [{"sku": sku, "quantity": quantity} for sku, quantity in wanted]
    if right:
        rules.check_snacks(snacks, LIMITS)
    else:
        with pytest.raises(FieldsInvalid):
            rules.check_snacks(snacks, LIMITS)


@pytest.mark.parametrize(("kitchen", "back"), [
    ("reserved", 900), ("new", 900), ("preparing", 0), ("ready", 0), ("collected", 0),
    ("uncollected", 0), ("expired", 900)])
def test_snacks_are_paid_back_whole_until_the_kitchen_begins(kitchen: str, back: int) -> None:
    half = [refund_policy.Tier(LATER, 50, 0)]
    plan = refund_policy.with_snacks(refund_policy.plan_refund("paid", {"F7": 1000}, None, half, NOW), 900, kitchen)

    assert (plan.amount, plan.snacks, plan.snacks_back) == (500, 900, back)
    refund_policy.check_amount(plan, 500 + back)
    with pytest.raises(RefundChanged):
        refund_policy.check_amount(plan, 500 + 900 - back)


def test_who_gives_back_one_of_two_seats_keeps_the_snacks() -> None:
    plan = refund_policy.plan_refund("paid", {"F7": 1000, "F8": 1000}, ["F7"], FULL, NOW)
    assert refund_policy.with_snacks(plan, 900, "new").amount_with_snacks == 1000


@pytest.mark.parametrize(("status", "ends_at", "kitchen", "over"), [
    ("paid", NOW, None, True), ("part_refunded", NOW, "collected", True), ("paid", LATER, None, False),
    ("paid", NOW, "reserved", False), ("paid", NOW, "ready", False), ("refunding", NOW, None, False),
    ("paid", NOW, "uncollected", True), ("paid", NOW, "expired", True),
    ("completed", NOW, None, False),
])
def test_an_order_is_over_with_its_screening_and_its_last_popcorn(status: str, ends_at: dt.datetime,
                                                                  kitchen: str | None, over: bool) -> None:
    assert rules.is_complete(status, ends_at, kitchen, NOW) is over


def test_when_the_house_cancels_everything_goes_back_whatever_the_terms() -> None:
    plan = refund_policy.full_refund({"F7": 1201})
    assert (plan.amount, plan.kept, plan.whole) == (1201, 0, True)

@pytest.mark.parametrize(("reason", "in_time", "back"), [
    ("asked", True, 500), ("asked", False, 0),
    ("reversed", True, 500), ("reversed", False, 0),
    ("screening_cancelled", True, 500), ("screening_cancelled", False, 500)])
def test_snacks_that_the_kitchen_has_begun_are_paid_back_only_when_the_house_cancels(reason: str, in_time: bool,
                                                                                    back: int) -> None:
    assert refund_policy.snacks_back(500, reason, in_time) == back
