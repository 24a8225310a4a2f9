import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.fields import SeatId
from schemas.film import SEAT_KINDS
from services.seating.chart import FRONT, KINDS, Aisle, Chart, Drawing, Seat, lay_out, mistakes, row_names

SMALL = Drawing("ss_ss\nwc_pp\n\nDD_DD")


def seat(chart: Chart, seat_id: str) -> Seat:
    return next(seat for seat in chart.seats if seat.seat_id == seat_id)


def test_rows_are_lettered_from_the_screen_and_seats_numbered_from_the_left() -> None:
    chart = lay_out(SMALL)

    assert chart.rows == ("A", "B", "C")
    assert [s.seat_id for s in chart.seats] == ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2", "C3", "C4"]


def test_each_mark_is_a_kind_of_seat() -> None:
    kinds = {s.seat_id: s.kind for s in lay_out(SMALL).seats}

    assert [kinds[f"B{n}"] for n in (1, 2, 3, 4)] == ["wheelchair", "companion", "premium", "premium"]
    assert {kinds["A1"], kinds["C1"]} == {"standard", "couple"}
    assert set(KINDS.values()) == set(SEAT_KINDS)


def test_an_aisle_parts_seats_and_has_no_number() -> None:
    chart = lay_out(SMALL)

    assert seat(chart, "A3").x - seat(chart, "A2").x == 2


def test_an_aisle_is_as_long_as_its_column_of_marks() -> None:
    chart = lay_out(SMALL)

    assert set(chart.aisles) == {
        Aisle(x=2, y=FRONT, width=1, depth=2),
        Aisle(x=0, y=FRONT + 2, width=5, depth=1),
        Aisle(x=2, y=FRONT + 3, width=1, depth=1),
    }


def test_an_empty_line_is_an_aisle_that_names_no_row() -> None:
    chart = lay_out(SMALL)

    assert seat(chart, "C1").y - seat(chart, "B1").y == 2


def test_a_dot_is_no_seat_and_no_aisle() -> None:
    chart = lay_out(Drawing(".ss.\nssss"))

    assert not chart.aisles
    assert seat(chart, "A1").x == seat(chart, "B2").x


def test_spaces_cut_off_a_corner_as_dots_do() -> None:
    assert lay_out(Drawing("  ss\nssss")).seats == lay_out(Drawing("..ss\nssss")).seats


def test_an_empty_first_line_is_an_aisle_in_front_of_the_seats() -> None:
    chart = lay_out(Drawing("\nss"))

    assert chart.aisles == (Aisle(x=0, y=FRONT, width=2, depth=1),)
    assert seat(chart, "A1").y == FRONT + 1.5


def test_a_row_is_bent_away_from_the_screen_in_its_middle() -> None:
    chart = lay_out(Drawing("sssss", curve=2))

    ends, middle = seat(chart, "A1").y, seat(chart, "A3").y
    assert middle == FRONT + 0.5 + 2
    assert ends == seat(chart, "A5").y
    assert FRONT + 0.5 < ends < middle


def test_the_screen_hangs_in_the_middle_of_the_front_wall() -> None:
    chart = lay_out(Drawing("ssssssssss"))

    assert (chart.screen.x, chart.screen.y) == (5, 0)
    assert 0 < chart.screen.width <= chart.width == 10


def test_letters_can_be_skipped_and_go_on_with_two_after_z() -> None:
    skipping = lay_out(Drawing("\n".join("s" * 9), skip="IO"))
    many = lay_out(Drawing("\n".join("s" * 28)))

    assert skipping.rows[-2:] == ("H", "J")
    assert many.rows[-3:] == ("Z", "AA", "AB")
    assert "O" not in set(row_names("IO"))


def test_couple_seats_are_paired_from_the_left_and_no_aisle_is_between_the_halves() -> None:
    pairs = {s.seat_id: s.goes_with for s in lay_out(Drawing("sDDDD_DD\nssssssss")).seats if s.goes_with}

    assert pairs == {"A2": "A3", "A3": "A2", "A4": "A5", "A5": "A4", "A6": "A7", "A7": "A6"}


@pytest.mark.parametrize(("taken", "useless"), [
    ((), set()),
    (("C1",), {"C2"}),                      # half a couple seat
    (("C1", "C2"), set()),
    (("B1",), set()),                       # there is another wheelchair place
    (("B1", "B5"), {"B2", "B3", "B4"}),
    (("B1", "B2", "B5"), {"B3", "B4"}),
])
def test_stranded_seats_are_those_that_nobody_can_buy(taken: tuple[str, ...], useless: set[str]) -> None:
    assert lay_out(Drawing("sssss\nwcccw\nDDDD")).stranded(taken) == useless


@pytest.mark.parametrize(("plan", "line", "sentence"), [
    ("ss\nsXsax", 2, "`Xax` is no seat; there are s, p, w, c, DD, _ and ."),
    ("sDDDs", 1, "couple seats come in pairs: DD"),
    ("ss\nss\nc.w", 3, "a companion place (c) is beside a wheelchair place (w)"),
    ("..\n__", 1, "there is no seat in this hall"),
    ("", 1, "there is no seat in this hall"),
    ("s" * 101, 1, "a row is at most 100 places wide"),
    ("\n".join("s" * 61), 1, "a hall has at most 60 rows, this one 61"),
])
def test_a_mistake_in_a_drawing_is_reported_with_its_line(plan: str, line: int, sentence: str) -> None:
    assert mistakes(Drawing(plan)) == [(line, sentence)]
    with pytest.raises(ValueError, match=f"^line {line} of the drawing: {re.escape(sentence)}$"):
        lay_out(Drawing(plan))


def test_a_row_of_a_hundred_seats_and_sixty_rows_can_be_drawn() -> None:
    assert len(lay_out(Drawing("s" * 100)).seats) == 100
    assert len(lay_out(Drawing("\n".join("s" * 60))).rows) == 60


HALLS = st.lists(st.text(alphabet="sp_.", min_size=1, max_size=40), min_size=1, max_size=30).map("\n".join)


@given(plan=HALLS.filter(lambda plan: "s" in plan or "p" in plan), curve=st.floats(0, 5))
def test_any_drawing_gives_each_seat_a_name_and_a_place_of_its_own_inside_the_hall(plan: str, curve: float) -> None:
    chart = lay_out(Drawing(plan, curve))

    assert len(chart.seats) == plan.count("s") + plan.count("p")
    assert len({s.seat_id for s in chart.seats}) == len({(s.x, s.y) for s in chart.seats}) == len(chart.seats)
    assert all(SeatId().deserialize(s.seat_id) for s in chart.seats)
    assert all(s.y == round(s.y, 3) for s in chart.seats)
    assert all(0 < s.x < chart.width and 0 < s.y < chart.depth for s in chart.seats)
    assert all(0 <= a.x < a.x + a.width <= chart.width and a.depth >= 1 for a in chart.aisles)
