"""Seats are priced, and an order has no more seats and snacks than allowed."""

import datetime as dt

import pytest

from schemas.errors import FieldsInvalid
from schemas.order.refusals import SalesClosed, SeatsUnknownInHall
from services.order.buying.pricing import check_snacks, price_seats
from services.order.order_items import RequestedSnack
from tests.unit.order.samples import HALL, LATER, MINUTE, NOW, SETTINGS

MOST_SEATS = SETTINGS.seats_per_order


def test_seats_are_priced_by_the_hall_in_the_sequence_asked_for() -> None:
    seats = price_seats(HALL, LATER, ["F9", "F7"], NOW, MOST_SEATS)

    assert [(seat["seat_id"], seat["price"]) for seat in seats] == [("F9", 1009), ("F7", 1007)]


def test_a_seat_can_not_be_named_twice_in_one_order() -> None:
    with pytest.raises(FieldsInvalid):
        price_seats(HALL, LATER, ["F7", "F7"], NOW, MOST_SEATS)


def test_eight_seats_are_sold_at_once_but_not_nine() -> None:
    assert len(price_seats(HALL, LATER, [f"F{n}" for n in range(1, 9)], NOW, MOST_SEATS)) == 8
    with pytest.raises(FieldsInvalid):
        price_seats(HALL, LATER, [f"F{n}" for n in range(1, 10)], NOW, MOST_SEATS)


def test_a_seat_the_hall_does_not_have_is_named() -> None:
    with pytest.raises(SeatsUnknownInHall) as refusal:
        price_seats(HALL, LATER, ["F7", "Z1"], NOW, MOST_SEATS)
    assert refusal.value.about == {"seats": ["Z1"]}


@pytest.mark.parametrize(("starts_at", "sold"), [(NOW + MINUTE, True), (NOW, False), (NOW - MINUTE, False)])
def test_seats_are_sold_until_the_film_starts(starts_at: dt.datetime, sold: bool) -> None:
    if sold:
        price_seats(HALL, starts_at, ["F7"], NOW, MOST_SEATS)
    else:
        with pytest.raises(SalesClosed):
            price_seats(HALL, starts_at, ["F7"], NOW, MOST_SEATS)


@pytest.mark.parametrize(("wanted", "right"), [
    ([("cola", 3), ("nachos", 1)], True), ([], True),
    ([("cola", 4)], False), ([("cola", 1), ("cola", 1)], False), ([("a", 1), ("b", 1), ("c", 1)], False),
])
def test_an_order_has_no_more_snacks_than_allowed(wanted: list[tuple[str, int]], right: bool) -> None:
    snacks: list[RequestedSnack] = [{"sku": sku, "quantity": quantity} for sku, quantity in wanted]
    if right:
        check_snacks(snacks, SETTINGS.snacks_per_order, SETTINGS.snacks_of_a_kind)
    else:
        with pytest.raises(FieldsInvalid):
            check_snacks(snacks, SETTINGS.snacks_per_order, SETTINGS.snacks_of_a_kind)
