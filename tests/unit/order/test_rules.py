"""The states of an order and its deadlines."""

import datetime as dt
from itertools import product

import pytest

from schemas.order import ORDER_STATES
from schemas.order.refusals import OrderExpired, OrderNotCancellable, OrderNotExtendable, OrderNotPayable
from services.order import rules
from tests.unit.order.samples import LATER, MINUTE, NOW, SETTINGS

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
def test_an_order_changes_only_to_allowed_states(before: str, after: str) -> None:
    assert rules.may_become(before, after) == ((before, after) in ALLOWED)


@pytest.mark.parametrize("status", ORDER_STATES)
def test_only_an_unpaid_order_is_dead_at_its_deadline(status: str) -> None:
    assert rules.is_dead(status, NOW, NOW) == (status in ("created", "paying"))
    assert not rules.is_dead(status, NOW + MINUTE, NOW)


@pytest.mark.parametrize("status", ORDER_STATES)
def test_only_an_unpaid_order_before_its_deadline_can_be_paid(status: str) -> None:
    if status in ("created", "paying"):
        rules.check_payable(status, NOW + MINUTE, NOW)
        with pytest.raises(OrderExpired):
            rules.check_payable(status, NOW, NOW)
    elif status == "expired":
        with pytest.raises(OrderExpired):
            rules.check_payable(status, NOW, NOW)
    else:
        with pytest.raises(OrderNotPayable):
            rules.check_payable(status, NOW + MINUTE, NOW)


def test_beginning_to_pay_extends_the_deadline_once() -> None:
    created = NOW
    first = rules.pay_deadline(created, rules.hold_deadline(LATER, created, SETTINGS.hold), LATER, SETTINGS.pay)
    again = rules.pay_deadline(created, first, LATER, SETTINGS.pay)

    assert first == again == created + 15 * MINUTE


@pytest.mark.parametrize("minutes", [1, 8, 12])
def test_no_deadline_is_later_than_the_start_of_the_film(minutes: int) -> None:
    starts_at = NOW + minutes * MINUTE
    first = rules.hold_deadline(starts_at, NOW, SETTINGS.hold)

    assert first == min(starts_at, NOW + 8 * MINUTE)
    assert rules.pay_deadline(NOW, first, starts_at, SETTINGS.pay) == starts_at


def test_a_film_has_begun_from_its_first_moment_on() -> None:
    assert [rules.has_begun(NOW, NOW + wait * MINUTE) for wait in (-1, 0, 1)] == [False, True, True]
    assert not rules.may_revive("expired", NOW, NOW)


@pytest.mark.parametrize(("waited", "pause"), [(-5, 1 / 12), (0, 1 / 12), (0.2, 0.2), (1, 1), (7, 7), (10, 10),
                                                (900, 10)])
def test_pauses_between_retries_double_within_limits(waited: float, pause: float) -> None:
    assert rules.retry_at(NOW - waited * MINUTE, NOW) == NOW + pause * MINUTE


@pytest.mark.parametrize("status", ORDER_STATES)
def test_only_an_unpaid_order_can_be_cancelled(status: str) -> None:
    if status in ("created", "paying"):
        rules.check_cancellable(status)
    else:
        with pytest.raises(OrderNotCancellable):
            rules.check_cancellable(status)


@pytest.mark.parametrize(("status", "ends_at", "kitchen", "over"), [
    ("paid", NOW, None, True), ("part_refunded", NOW, "collected", True), ("paid", LATER, None, False),
    ("paid", NOW, "reserved", False), ("paid", NOW, "ready", False), ("refunding", NOW, None, False),
    ("paid", NOW, "uncollected", True), ("paid", NOW, "expired", True),
    ("completed", NOW, None, False),
])
def test_an_order_is_complete_after_its_screening_and_its_snacks(status: str, ends_at: dt.datetime, kitchen: str | None,
                                                                 over: bool) -> None:
    assert rules.is_complete(status, ends_at, kitchen, NOW) is over


def test_the_refund_of_snacks_has_an_id_of_its_own_so_that_it_is_booked_once() -> None:
    assert rules.snack_refund_id("o1") == "snacks-o1"


@pytest.mark.parametrize(("status", "extended", "left", "until_start", "may"), [
    ("created", False, 1, 60, True), ("paying", False, 1, 60, True), ("created", True, 1, 60, False),
    ("created", False, 0, 60, False), ("created", False, 0.08, 60, False), ("created", False, 0.09, 60, True),
    ("paying", False, 0.08, 60, False), ("created", False, 5, 5, False), ("paid", False, 1, 60, False),
    ("review", False, 1, 60, False), ("cancelled", False, 1, 60, False),
])
def test_a_living_unpaid_order_gets_more_time_once_and_not_beyond_the_start(
    status: str, extended: bool, left: float, until_start: int, may: bool,
) -> None:
    moments = (NOW + left * MINUTE, NOW + until_start * MINUTE, NOW)
    assert rules.is_extendable(status, extended, *moments) is may
    if not may:
        with pytest.raises((OrderExpired, OrderNotExtendable)):
            rules.check_extendable(status, extended, *moments)


def test_the_longest_hold_is_bounded_by_all_times_together() -> None:
    starts_at = NOW + 600 * MINUTE
    first = rules.hold_deadline(starts_at, NOW, 8 * MINUTE)
    extended = rules.extended_deadline(first, starts_at, 5 * MINUTE)
    assert extended == NOW + 13 * MINUTE
    assert rules.pay_deadline(NOW, extended, starts_at, 20 * MINUTE) == NOW + 20 * MINUTE
    assert rules.extended_deadline(first, NOW + 10 * MINUTE, 5 * MINUTE) == NOW + 10 * MINUTE
