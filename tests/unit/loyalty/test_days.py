"""The days of a member: by the clock of the member's zone, whatever that clock does."""

import datetime as dt

import pytest

from services.loyalty.rules import (
    Progress,
    day_state,
    has_missed_a_day,
    is_done,
    local_date,
    next_at,
    next_progress,
    start_of,
)
from tests.unit.loyalty.samples import check_in, utc

BERLIN, TOKYO, HONOLULU, KIRITIMATI = "Europe/Berlin", "Asia/Tokyo", "Pacific/Honolulu", "Pacific/Kiritimati"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# --- what day it is ---


@pytest.mark.parametrize(("moment", "zone", "date"), [
    ("2026-11-21T22:59:59", BERLIN, "2026-11-21"),
    ("2026-11-21T23:00:00", BERLIN, "2026-11-22"),
    ("2026-11-21T14:59:59", TOKYO, "2026-11-21"),
    ("2026-11-21T15:00:00", TOKYO, "2026-11-22"),
    ("2026-11-21T09:59:59", HONOLULU, "2026-11-20"),
])
def test_a_day_begins_at_local_midnight(moment: str, zone: str, date: str) -> None:
    assert local_date(utc(moment), zone) == day(date)


@pytest.mark.parametrize(("date", "zone", "hours"), [
    ("2026-11-21", BERLIN, 24),
    ("2026-03-29", BERLIN, 23),
    ("2026-10-25", BERLIN, 25),
    ("2026-04-05", "Australia/Lord_Howe", 24.5),
    ("2018-11-04", "America/Sao_Paulo", 23),    # its clocks skipped midnight
    ("2018-02-17", "America/Sao_Paulo", 25),    # its clocks showed the last hour of the day twice
    ("2011-12-30", "Pacific/Apia", 0),          # Samoa left this day out
])
def test_a_day_is_as_long_as_the_clocks_make_it(date: str, zone: str, hours: float) -> None:
    assert start_of(day(date) + dt.timedelta(1), zone) - start_of(day(date), zone) == dt.timedelta(hours=hours)


@pytest.mark.parametrize(("date", "zone"), [
    ("2026-03-29", BERLIN), ("2026-10-25", BERLIN), ("2018-11-04", "America/Sao_Paulo"),
    ("2018-02-18", "America/Sao_Paulo"), ("2026-11-01", "America/Havana"), ("2026-03-08", "America/Havana"),
])
def test_the_start_of_a_day_is_its_first_moment(date: str, zone: str) -> None:
    start = start_of(day(date), zone)
    assert local_date(start, zone) == day(date)
    assert local_date(start - dt.timedelta(milliseconds=1), zone) == day(date) - dt.timedelta(1)


@pytest.mark.parametrize(("moment", "expected"), [
    ("2026-03-28T22:30:00", "2026-03-28T23:00:00"),   # the short night: the next day is 23 hours long
    ("2026-03-28T23:30:00", "2026-03-29T22:00:00"),
    ("2026-10-24T22:30:00", "2026-10-25T23:00:00"),   # the long one
])
def test_the_next_day_is_known_in_nights_of_23_and_25_hours(moment: str, expected: str) -> None:
    assert next_at(None, local_date(utc(moment), BERLIN), BERLIN) == utc(expected)


# --- the cycle ---


def test_the_first_check_in_is_day_one() -> None:
    assert next_progress(None, day("2026-11-21"), BERLIN) == Progress(day=1, cycle=1, streak=1)


def test_seven_days_are_a_cycle_and_the_eighth_begins_the_next() -> None:
    last, found = None, []
    for number in range(9):
        moment = utc("2026-11-01T12:00:00") + dt.timedelta(number)
        progress = next_progress(last, moment.date(), BERLIN)
        found.append((progress.day, progress.cycle, progress.streak))
        last = check_in(moment, str(moment.date()), progress.day, progress.cycle, progress.streak)
    assert found == [(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 1, 4), (5, 1, 5), (6, 1, 6), (7, 1, 7), (1, 2, 8), (2, 2, 9)]


@pytest.mark.parametrize("reached", [1, 6, 7])
@pytest.mark.parametrize("date", ["2026-11-23", "2026-12-01", "2036-11-21"])
def test_a_missed_day_begins_again_at_day_one(date: str, reached: int) -> None:
    last = check_in(utc("2026-11-21T12:00:00"), "2026-11-21", day=reached, cycle=3, streak=20)
    assert next_progress(last, day(date), BERLIN) == Progress(day=1, cycle=4, streak=1)


def test_two_check_ins_may_lie_two_minutes_or_two_days_apart() -> None:
    late = check_in(utc("2026-11-21T22:59:00"), "2026-11-21")
    early = check_in(utc("2026-11-20T23:01:00"), "2026-11-21")
    for last in (late, early):
        assert next_progress(last, day("2026-11-22"), BERLIN) == Progress(day=2, cycle=1, streak=2)


@pytest.mark.parametrize(("first", "second"), [
    ("2026-03-28T12:00:00", "2026-03-29T21:59:00"), ("2026-10-24T12:00:00", "2026-10-25T22:59:00")])
def test_a_night_in_which_clocks_change_breaks_no_streak(first: str, second: str) -> None:
    last = check_in(utc(first), str(local_date(utc(first), BERLIN)))
    assert next_progress(last, local_date(utc(second), BERLIN), BERLIN).streak == 2


def test_a_day_that_the_zone_left_out_is_not_missed() -> None:
    last = check_in(utc("2011-12-30T02:00:00"), "2011-12-29")
    assert not has_missed_a_day(last, day("2011-12-31"), "Pacific/Apia")
    assert has_missed_a_day(last, day("2012-01-01"), "Pacific/Apia")


# --- travelling ---


def test_a_member_who_flew_west_has_done_the_day_already() -> None:
    """It is still the 21st in Honolulu, or even the 20th, when the member has done the 21st in Tokyo."""
    last = check_in(utc("2026-11-20T16:00:00"), "2026-11-21")
    here = local_date(utc("2026-11-21T01:00:00"), HONOLULU)
    assert here == day("2026-11-20")
    assert is_done(last, here)
    assert is_done(last, day("2026-11-21"))
    assert not is_done(last, day("2026-11-22"))


def test_a_member_who_flew_west_can_check_in_again_on_the_day_after_the_one_done() -> None:
    last = check_in(utc("2026-11-20T16:00:00"), "2026-11-21", streak=4, day=4)
    assert next_at(last, day("2026-11-20"), HONOLULU) == utc("2026-11-22T10:00:00")
    assert next_progress(last, day("2026-11-22"), HONOLULU) == Progress(day=5, cycle=1, streak=5)


def test_a_member_who_flew_east_over_the_date_line_misses_no_day_that_had_begun() -> None:
    """In Kiritimati it was the 21st already when the member did the 20th in Honolulu."""
    last = check_in(utc("2026-11-21T09:50:00"), "2026-11-20")
    assert local_date(utc("2026-11-21T10:10:00"), KIRITIMATI) == day("2026-11-22")
    assert not has_missed_a_day(last, day("2026-11-22"), KIRITIMATI)
    assert has_missed_a_day(last, day("2026-11-23"), KIRITIMATI)


def test_the_next_day_of_a_member_who_has_not_checked_in_is_tomorrow() -> None:
    last = check_in(utc("2026-11-19T12:00:00"), "2026-11-19")
    assert next_at(last, day("2026-11-21"), BERLIN) == utc("2026-11-21T23:00:00")


@pytest.mark.parametrize(("date", "is_checked_in", "state"), [
    ("2026-11-20", False, "missed"), ("2026-11-20", True, "done"), ("2026-11-21", False, "open"),
    ("2026-11-21", True, "done"), ("2026-11-22", False, "open"), ("2026-11-22", True, "done")])
def test_a_day_is_missed_when_it_is_over(date: str, is_checked_in: bool, state: str) -> None:
    assert day_state(day(date), is_checked_in, day("2026-11-21")) == state
