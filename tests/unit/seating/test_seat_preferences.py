"""The best seats for who wants them cheap, on the aisle, or as couple seats."""

import pytest

from schemas.film import NotEnoughSeats
from services.seating.best_seats import suggest
from services.seating.chart import Chart, Drawing, lay_out
from services.seating.seat_preferences import SeatPreferences

PRICES = {"standard": 1000, "premium": 1400, "couple": 1600}


def chart(*rows: str) -> Chart:
    return lay_out(Drawing("\n".join(rows)))


def test_who_wants_them_cheapest_sits_together_at_the_lowest_price() -> None:
    hall = chart("ssss", "pppp", "pppp")
    best = suggest(hall, set(), 2, preferences=SeatPreferences("price", prices=PRICES))
    assert best.seats[0].startswith("A")
    assert {"cheapest", "adjacent"} <= set(best.reasons)
    assert suggest(hall, set(), 2, preferences=SeatPreferences(prices=PRICES)).seats[0][0] in "BC"


def test_cheapest_together_costs_more_than_apart_and_does_not_say_that_it_is_the_lowest_price() -> None:
    best = suggest(chart("s_pp_s"), set(), 2, preferences=SeatPreferences("price", prices=PRICES))
    assert best.seats == ("A2", "A3")
    assert "cheapest" not in best.reasons


def test_who_wants_the_aisle_sits_beside_one_which_a_wall_is_not() -> None:
    best = suggest(chart("sssssss_sss", "sssssss_sss"), set(), 2, preferences=SeatPreferences("aisle"))
    assert {"A7", "A8", "B7", "B8"} & set(best.seats)
    assert "aisle" in best.reasons


def test_bent_rows_have_their_aisles_too_and_without_any_the_view_decides() -> None:
    bent = lay_out(Drawing("\n".join(["sss_sss"] * 4), curve=2))
    assert "aisle" in suggest(bent, set(), 2, preferences=SeatPreferences("aisle")).reasons
    assert "aisle" not in suggest(chart("ssss", "ssss"), set(), 2, preferences=SeatPreferences("aisle")).reasons


def test_couple_seats_are_for_who_asks_or_where_nothing_else_is_left_and_that_is_said() -> None:
    hall = chart("s_s", "DDDD")
    assert suggest(hall, set(), 2).seats == ("A1", "A2")  # apart, but no couple seat
    asked = suggest(hall, set(), 2, preferences=SeatPreferences(couple_seats=True))
    assert asked.seats[0].startswith("B")
    assert "only_couple_seats_left" not in asked.reasons
    left = suggest(hall, {"A1"}, 2)
    assert left.seats[0].startswith("B")
    assert "only_couple_seats_left" in left.reasons


def test_where_not_even_couple_seats_suffice_nothing_is_suggested() -> None:
    with pytest.raises(NotEnoughSeats):
        suggest(chart("s_s", "DD"), {"B1"}, 3)
