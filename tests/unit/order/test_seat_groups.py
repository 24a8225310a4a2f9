"""Seats that belong together are sold and refunded together."""

from contextlib import nullcontext
from typing import Any

import pytest

from schemas.order.refusals import CompanionAlone, CoupleSeatParted
from services.order.buying.pricing import price_seats
from services.order.order_items import Seat
from services.order.screenings import seat_groups
from tests.unit.order.samples import LATER, NOW, SETTINGS


def facts(*seats: str, parted: bool = False) -> dict[str, Any]:
    """Seats by id as an order knows them: D3 and D4 are a couple seat, w a wheelchair place, c a companion's."""
    kinds = {"D": "couple", "w": "wheelchair", "c": "companion"}
    pairs = {} if parted else {"D3": "D4", "D4": "D3", "D5": "D6", "D6": "D5"}
    return {seat: {"seat_id": seat, "kind": kinds.get(seat[0], "standard"), "price": 1000,
                   **({"goes_with": pairs[seat]} if seat in pairs else {})} for seat in seats}


MIXED = facts("D3", "D4", "D5", "D6", "w1", "w2", "c1", "c2", "A1")


def priced(wanted: list[str]) -> list[Seat]:
    return price_seats(MIXED, LATER, wanted, NOW, SETTINGS.seats_per_order)


@pytest.mark.parametrize(("wanted", "named", "missing"), [
    (["D3"], ["D3"], ["D4"]), (["A1", "D4"], ["D4"], ["D3"]), (["D3", "D6"], ["D3", "D6"], ["D4", "D5"]),
    (["D3", "D4", "D5"], ["D5"], ["D6"]),
])
def test_half_a_couple_seat_is_not_sold(wanted: list[str], named: list[str], missing: list[str]) -> None:
    with pytest.raises(CoupleSeatParted) as refusal:
        priced(wanted)
    assert refusal.value.about == {"seats": named, "missing": missing}


def test_a_companion_place_is_not_sold_without_a_wheelchair_place() -> None:
    with pytest.raises(CompanionAlone) as refusal:
        priced(["c1", "A1", "c2"])
    assert refusal.value.about == {"seats": ["c1", "c2"]}


@pytest.mark.parametrize("wanted", [["D4", "D3"], ["c1", "w1", "c2"], ["w1", "w2", "A1"]])
def test_seats_that_belong_together_are_sold_together(wanted: list[str]) -> None:
    assert [seat["seat_id"] for seat in priced(wanted)] == wanted


@pytest.mark.parametrize(("owned", "back", "refused"), [
    (["D3", "D4", "A1"], ["D3"], CoupleSeatParted),
    (["D3", "D4", "A1"], ["D3", "D4"], None),
    (["D3", "D4", "A1"], ["A1"], None),
    (["D3", "A1"], ["D3"], None),           # sold as a half, or its other half was given back before
    (["w1", "c1", "A1"], ["w1"], CompanionAlone),
    (["w1", "c1", "A1"], ["w1", "A1"], CompanionAlone),
    (["w1", "c1", "A1"], ["w1", "c1"], None),
    (["w1", "c1", "A1"], ["c1"], None),
    (["w1", "w2", "c1"], ["w1"], None),
    (["c1", "A1"], ["A1"], None),           # sold without a wheelchair place: it may be kept without one
])
def test_seats_that_belong_together_are_refunded_together(owned: list[str], back: list[str],
                                                          refused: type[Exception] | None) -> None:
    with pytest.raises(refused) if refused else nullcontext():
        seat_groups.check_returning(facts(*owned), back)


def test_an_older_order_that_does_not_know_of_other_halves_can_be_refunded() -> None:
    seat_groups.check_returning(facts("D3", "D4", parted=True), ["D3"])
