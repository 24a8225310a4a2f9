"""The seats we suggest to a group."""

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.film import SEAT_REASONS, NotEnoughSeats
from services.seating.best_seats import suggest
from services.seating.chart import Chart, Drawing, lay_out

BIG = lay_out(Drawing("\n".join(["ssss_ssssssssssss_ssss"] * 15 + ["DDDD_DDDDDDDDDDDD_DDDD"]), curve=2))
WIDE = lay_out(Drawing("\n".join(["s" * 19] * 6)))


def chart(*rows: str) -> Chart:
    return lay_out(Drawing("\n".join(rows)))


def but(hall: Chart, *free: str) -> set[str]:
    """Every seat taken, but these."""
    return {seat.seat_id for seat in hall.seats} - set(free)


def test_in_an_empty_hall_a_pair_sits_in_the_middle_two_thirds_back() -> None:
    hall = chart(*["ssssssssss"] * 10)

    best = suggest(hall, set(), 2)

    assert best.seats == ("G5", "G6")
    assert best.reasons == ("adjacent", "centre", "two_thirds_back", "no_single_left")


def test_nobody_is_parted_by_an_aisle_when_a_row_has_enough_together() -> None:
    assert suggest(chart("sss_sss", "ss_ssss"), set(), 4).seats == ("B3", "B4", "B5", "B6")


def test_a_seat_is_not_left_alone_where_that_can_be_avoided() -> None:
    hall = chart("sssss")

    assert suggest(hall, set(), 3).seats in {("A1", "A2", "A3"), ("A3", "A4", "A5")}
    assert suggest(hall, set(), 2).seats in {("A1", "A2"), ("A4", "A5")}  # neither side keeps one
    assert "no_single_left" in suggest(hall, set(), 3).reasons
    assert "no_single_left" not in suggest(hall, set(), 4).reasons


def test_a_seat_that_was_alone_already_does_not_count_as_left_alone() -> None:
    alone_beside, alone_behind = chart("sss_s"), chart("sssss", "sssss")

    assert "no_single_left" in suggest(alone_beside, set(), 3).reasons
    assert "no_single_left" in suggest(alone_behind, but(alone_behind, "A3", "B1", "B2"), 2).reasons


def test_a_couple_seat_goes_whole_or_not_at_all() -> None:
    hall = chart("s_DDDD")

    assert suggest(hall, set(), 2).seats in {("A2", "A3"), ("A4", "A5")}
    assert suggest(hall, set(), 1).seats == ("A1",)
    assert suggest(hall, {"A2", "A4"}, 1).seats == ("A1",)
    with pytest.raises(NotEnoughSeats) as refusal:
        suggest(hall, {"A1"}, 3)
    assert refusal.value.about == {"free": 2}


def test_three_people_share_a_couple_seat_and_a_single_one() -> None:
    best = suggest(chart("s_DDDD"), set(), 3)

    assert best.seats == ("A1", "A2", "A3")
    assert "split" in best.reasons


def test_four_people_sit_on_two_couple_seats_rather_than_on_two_halves() -> None:
    assert suggest(chart("DDsDD"), set(), 4).seats == ("A1", "A2", "A4", "A5")
    hall = chart("s_DD_DD", "s_DD_DD")
    assert set(suggest(hall, but(hall, "A1", "A2", "A3", "B4", "B5"), 4).seats) == {"A2", "A3", "B4", "B5"}


def test_four_people_get_two_couple_seats_rows_apart_rather_than_nothing() -> None:
    hall = chart("DDs", *["sss"] * 5, "DDs")
    couples = ("A1", "A2", "G1", "G2")

    assert suggest(hall, but(hall, *couples), 4).seats == couples
    assert suggest(hall, but(hall, *couples, "D1"), 4).seats == couples


def test_wheelchair_and_companion_places_are_suggested_only_on_request() -> None:
    hall = chart("wc", "ss")

    assert suggest(hall, set(), 2).seats == ("B1", "B2")
    with pytest.raises(NotEnoughSeats):
        suggest(hall, {"B1"}, 2)
    best = suggest(hall, set(), 2, wheelchair=True)
    assert best.seats == ("A1", "A2")
    assert {"adjacent", "wheelchair"} <= set(best.reasons)


def test_a_group_with_one_wheelchair_gets_one_wheelchair_place() -> None:
    assert suggest(chart("wcssss", "ssssww"), set(), 5, wheelchair=True).seats == ("B1", "B2", "B3", "B4", "B5")


def test_a_wheelchair_request_is_refused_when_no_such_place_is_free() -> None:
    with pytest.raises(NotEnoughSeats) as refusal:
        suggest(chart("wcss"), {"A1"}, 2, wheelchair=True)
    assert refusal.value.about == {"free": 0}
    with pytest.raises(NotEnoughSeats):
        suggest(chart("wc_DD"), {"A2"}, 2, wheelchair=True)


def test_a_group_that_fits_in_no_row_sits_in_two_neighbouring_rows_and_nobody_alone() -> None:
    hall = chart("sss", "sss", "sss")

    best = suggest(hall, set(), 4)

    rows = [seat[0] for seat in best.seats]
    assert sorted(rows.count(row) for row in set(rows)) == [2, 2]
    assert {"AB", "BC"} & {"".join(sorted(set(rows)))}
    assert "split" in best.reasons
    assert "adjacent" not in best.reasons


def test_in_a_hall_of_scattered_seats_the_nearest_ones_are_taken() -> None:
    hall = chart(*["ssssssssss"] * 6)

    best = suggest(hall, but(hall, "A1", "D5", "E7", "F10", "D3"), 3)

    assert best.seats == ("D3", "D5", "E7")
    assert "split" in best.reasons


def test_a_halls_width_counts_as_much_as_its_depth() -> None:
    """Two seats off the middle of a wide hall are nearer the ideal place than two rows off it in a shallow one."""
    wide = chart(*["s" * 40] * 5)
    deep = chart(*["s" * 7] * 30)

    assert suggest(wide, but(wide, "D15", "B20"), 1).seats == ("D15",)
    assert suggest(deep, but(deep, "T7", "P4"), 1).seats == ("P4",)


@pytest.mark.parametrize(("free", "best"), [
    (("B10", "D10", "D13", "F10"), ("D10", "D13", "F10")),
    (("B10", "D10", "D15", "F10"), ("B10", "D10", "F10")),
])
def test_people_apart_sit_near_the_best_seat_and_a_row_counts_as_two_seats(free: tuple[str, ...],
                                                                           best: tuple[str, ...]) -> None:
    assert suggest(WIDE, but(WIDE, *free), 3).seats == best


@pytest.mark.parametrize(("free", "best"), [
    (("D10", "E14", "F10"), ("D10", "E14")),
    (("D10", "E15", "F10"), ("D10", "F10")),   # too far apart to talk; the seats that are nearest then
    (("D10", "E7", "E12"), ("D10", "E12")),
])
def test_two_people_sit_up_to_four_seats_apart_in_neighbouring_rows(free: tuple[str, ...],
                                                                    best: tuple[str, ...]) -> None:
    assert suggest(WIDE, but(WIDE, *free), 2).seats == best


def test_a_group_stays_together_rather_than_near_the_best_seat() -> None:
    assert suggest(WIDE, but(WIDE, "D10", "E14", "E15", "F13"), 3).seats == ("E14", "E15", "F13")


@pytest.mark.parametrize(("seat", "back"), [("F1", False), ("G1", True), ("I1", True), ("K1", True), ("L1", False)])
def test_a_seat_is_two_thirds_back_within_an_eighth_of_the_halls_depth(seat: str, back: bool) -> None:
    hall = chart(*["s"] * 13)
    assert ("two_thirds_back" in suggest(hall, but(hall, seat), 1).reasons) is back


def test_nobody_sits_two_rows_behind_the_others() -> None:
    """Nobody is put two rows behind the others if the row between has a place."""
    hall = chart("sssss", "sssss", "sssss", "sssss")

    best = suggest(hall, but(hall, "C2", "C3", "A2", "A3", "D5"), 3)

    assert best.seats == ("C2", "C3", "D5")


def test_seats_are_listed_as_the_chart_has_them() -> None:
    hall = chart("s" * 12)

    assert suggest(hall, but(hall, "A8", "A9", "A10", "A11"), 4).seats == ("A8", "A9", "A10", "A11")


def test_one_seat_alone_is_not_called_adjacent() -> None:
    assert "adjacent" not in suggest(chart("sss"), set(), 1).reasons


@pytest.mark.parametrize(("seat", "central"), [("B1", False), ("B4", False), ("B5", True), ("B8", True),
                                               ("B9", False), ("B12", False)])
def test_a_seat_is_central_within_an_eighth_of_the_halls_width(seat: str, central: bool) -> None:
    hall = chart("s" * 12, "s" * 12)
    assert ("centre" in suggest(hall, but(hall, seat), 1).reasons) is central


def test_a_hall_with_too_few_seats_says_how_many_there_are() -> None:
    hall = chart("ssss")

    with pytest.raises(NotEnoughSeats) as refusal:
        suggest(hall, {"A1", "A4"}, 3)
    assert refusal.value.about == {"free": 2}
    with pytest.raises(NotEnoughSeats):
        suggest(hall, but(hall), 1)


ROWS = st.text(alphabet="ssssp_.dw", min_size=1, max_size=14).map(
    lambda row: row.replace("d", "DD").replace("w", "wc"))
HALLS = st.lists(ROWS, min_size=1, max_size=8).filter(lambda rows: set("spDw") & set("".join(rows))).map(
    lambda rows: chart(*rows))


def can_be_had(hall: Chart, taken: set[str], count: int, wheelchair: bool) -> bool:
    """Whether so many people find seats at all, wherever they are."""
    free = [seat for seat in hall.seats if seat.seat_id not in taken]
    kinds = Counter(seat.kind for seat in free)
    singles = kinds["standard"] + kinds["premium"] + wheelchair * kinds["companion"]
    couples = sum(seat.goes_with is not None and seat.goes_with not in taken for seat in free) // 2
    others = count - wheelchair
    return kinds["wheelchair"] >= wheelchair and any(0 <= others - 2 * some <= singles for some in range(couples + 1))


@given(hall=HALLS, data=st.data(), count=st.integers(1, 8), wheelchair=st.booleans())
def test_suggested_seats_are_free_and_as_many_as_wanted_in_any_hall(
        hall: Chart, data: st.DataObject, count: int, wheelchair: bool) -> None:
    taken = data.draw(st.sets(st.sampled_from([seat.seat_id for seat in hall.seats])))
    kinds = {seat.seat_id: seat.kind for seat in hall.seats}
    possible = can_be_had(hall, taken, count, wheelchair)
    try:
        best = suggest(hall, taken, count, wheelchair)
    except NotEnoughSeats as refusal:
        free = refusal.about["free"]
        assert not possible
        assert free == 0 or can_be_had(hall, taken, free, wheelchair)
        return
    assert possible
    assert len(set(best.seats)) == count
    assert not set(best.seats) & taken
    chosen = [kinds[seat] for seat in best.seats]
    assert chosen.count("wheelchair") == int(wheelchair)
    assert wheelchair or "companion" not in chosen
    assert {seat.goes_with for seat in hall.seats if seat.seat_id in best.seats} - {None} == {
        seat for seat in best.seats if kinds[seat] == "couple"}
    assert set(best.reasons) <= set(SEAT_REASONS)
    assert suggest(hall, set(taken), count, wheelchair) == best


@given(plan=st.lists(st.text(alphabet="sp_.", min_size=1, max_size=14), min_size=1, max_size=8).filter(
    lambda rows: set("sp") & set("".join(rows))), data=st.data(), count=st.integers(2, 6))
def test_a_group_sits_together_whenever_a_row_has_that_many_seats(
        plan: list[str], data: st.DataObject, count: int) -> None:
    hall = chart(*plan)
    taken = data.draw(st.sets(st.sampled_from([seat.seat_id for seat in hall.seats])))
    free = {(seat.row, seat.x) for seat in hall.seats if seat.seat_id not in taken}
    fits = any(all((row, x + step) in free for step in range(count)) for row, x in free)
    try:
        best = suggest(hall, taken, count)
    except NotEnoughSeats:
        assert len(free) < count
        return
    places = sorted((seat.row, seat.x) for seat in hall.seats if seat.seat_id in best.seats)
    together = len({row for row, _ in places}) == 1 and places[-1][1] - places[0][1] == count - 1
    assert together == fits == ("adjacent" in best.reasons)


@pytest.mark.parametrize("count", [1, 2, 5, 8])
@pytest.mark.parametrize("free", ["all", "pairs", "every third"])
def test_the_best_of_320_seats_are_found_quickly(count: int, free: str) -> None:
    taken = {seat.seat_id for at, seat in enumerate(BIG.seats)
             if free == "pairs" and at % 3 == 0 or free == "every third" and at % 3}
    started = time.process_time()
    suggest(BIG, taken, count)

    assert len(BIG.seats) == 320
    assert time.process_time() - started < 1  # it takes milliseconds; trying all combinations would take years
