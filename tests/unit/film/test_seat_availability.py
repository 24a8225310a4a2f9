import pytest

from schemas.film import BOARDS_COLD, SeatsUnknown
from services.film import seat_availability
from services.seating.chart import Drawing, lay_out
from tests.unit.film.fakes import FakeAnnouncer, FakeBoard

LARGE, SMALL = lay_out(Drawing("\n".join(["ssssssss"] * 5))), lay_out(Drawing("ssssDDss\nwcssssss"))


def test_a_warm_board_is_read_at_once() -> None:
    announcer = FakeAnnouncer()

    assert seat_availability.snapshot(FakeBoard({"s1": {"A1": "held"}}), announcer, "s1").taken == {"A1": "held"}
    assert not announcer.announced


def test_a_cold_board_is_announced_and_waited_for() -> None:
    board = FakeBoard()
    announcer = FakeAnnouncer(warms=board)

    assert seat_availability.snapshot(board, announcer, "s1").taken == {"A3": "sold"}
    assert announcer.announced == [(BOARDS_COLD, ("s1",))]


def test_a_board_that_stays_cold_is_refused_as_unknown() -> None:
    with pytest.raises(SeatsUnknown) as refused:
        seat_availability.snapshot(FakeBoard(), FakeAnnouncer(), "s1", patience=0.1)

    assert refused.value.about == {"retry_after": 1}


def test_a_list_says_how_many_seats_are_left() -> None:
    board = FakeBoard({"s1": {"A1": "held", "A2": "sold"}, "s2": {}})

    assert seat_availability.seats_left(board, FakeAnnouncer(), {"s1": LARGE, "s2": SMALL}) == {"s1": 38, "s2": 16}


def test_seats_that_nobody_can_buy_alone_are_not_counted_as_left() -> None:
    board = FakeBoard({"s1": {"A5": "sold", "B1": "held"}})

    assert seat_availability.seats_left(board, FakeAnnouncer(), {"s1": SMALL}) == {"s1": 16 - 2 - 2}


def test_a_list_announces_all_cold_boards_at_once_and_counts_the_rest() -> None:
    announcer = FakeAnnouncer()

    left = seat_availability.seats_left(FakeBoard({"s1": {}}), announcer, {"s1": LARGE, "s2": SMALL, "s3": SMALL},
                                  patience=0.1)

    assert left == {"s1": 40, "s2": None, "s3": None}
    assert announcer.announced == [(BOARDS_COLD, ("s2", "s3"))]


def test_a_list_waits_a_moment_for_cold_boards() -> None:
    board = FakeBoard({"s1": {}})

    left = seat_availability.seats_left(board, FakeAnnouncer(warms=board), {"s1": LARGE, "s2": SMALL})

    assert left == {"s1": 40, "s2": 15}


def test_a_list_answers_without_numbers_while_redis_is_down() -> None:
    assert seat_availability.seats_left(FakeBoard(down=True), FakeAnnouncer(), {"s1": LARGE}) == {"s1": None}
    with pytest.raises(SeatsUnknown):
        seat_availability.snapshot(FakeBoard(down=True), FakeAnnouncer(), "s1")


def test_an_empty_list_reads_no_board() -> None:
    assert seat_availability.seats_left(FakeBoard(down=True), FakeAnnouncer(), {}) == {}
