"""The points of an order: of seats and snacks each, rounded down, and those of refunded money not at all."""

import itertools

import pytest

from services.loyalty.rules import points_earned, points_kept, tier_of
from tests.unit.loyalty.samples import order


@pytest.mark.parametrize(("amounts", "points"), [
    ({"seats_amount": 1250}, 125),
    ({"seats_amount": 1259}, 125),
    ({"seats_amount": 9}, 0),
    ({"snacks_amount": 500}, 25),
    ({"seats_amount": 1259, "snacks_amount": 519}, 125 + 25),
    ({"seats_amount": 1000, "seats_points": 0, "seats_per": 1}, 0),
    ({"seats_amount": 10**14, "seats_points": 3, "seats_per": 1}, 3 * 10**14),
    ({}, 0),
])
def test_seats_and_snacks_earn_by_their_own_rates(amounts: dict[str, int], points: int) -> None:
    assert points_earned(order(**amounts)) == points_kept(order(**amounts)) == points


@pytest.mark.parametrize(("refunded", "kept"), [
    ({"seats_refunded": 500}, 50 + 25),
    ({"seats_refunded": 1}, 99 + 25),
    ({"seats_refunded": 1000}, 25),
    ({"seats_refunded": 1000, "snacks_refunded": 500}, 0),
    ({"snacks_refunded": 490}, 100),
    ({"seats_refunded": 5000, "snacks_refunded": 5000}, 0),
])
def test_a_refund_takes_back_the_points_of_its_money(refunded: dict[str, int], kept: int) -> None:
    assert points_kept(order(seats_amount=1000, snacks_amount=500, **refunded)) == kept


def test_money_that_went_back_before_the_order_was_paid_takes_nothing() -> None:
    before = {"seats_amount": 1000, "refunded_before": 700}
    assert points_kept(order(**before)) == 100
    assert points_kept(order(**before, seats_refunded=700)) == 100
    assert points_kept(order(**before, seats_refunded=1700)) == 0


def test_refunds_in_any_parts_never_raise_what_is_kept() -> None:
    kept = [points_kept(order(seats_amount=997, seats_per=7, seats_refunded=part)) for part in range(998)]
    assert all(after <= before for before, after in itertools.pairwise(kept))
    assert (kept[0], kept[-1]) == (142, 0)


@pytest.mark.parametrize(("lifetime", "tier"), [(-5, None), (0, None), (99, None), (100, "silver"), (999, "silver"),
                                                (1000, "gold")])
def test_a_tier_is_the_highest_that_is_reached(lifetime: int, tier: str | None) -> None:
    assert tier_of(lifetime, [("gold", 1000), ("silver", 100)]) == tier


def test_without_tiers_nobody_has_one() -> None:
    assert tier_of(10**9, []) is None
