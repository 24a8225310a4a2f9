import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from services.film.rules import (
    FREE,
    HallTerms,
    PlannedScreening,
    Slot,
    clashes,
    day_part,
    is_moved,
    price_sums,
    screenings_of,
    seat_prices,
)

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
HALL = HallTerms(
    "kanal-1", BERLIN, "EUR", price=1200, surcharges={"premium": 300, "couple": 500},
    day_parts={"matinee": -250, "late": -100, "weekend": 150}, kinds=frozenset({"standard", "premium"}),
)
EVERY_DAY = frozenset(range(7))
SLOT = Slot(HALL, dt.time(19, 30), ("arrival", "hero"), turn=0, weekdays=EVERY_DAY, line=1)
MINUTES = {"arrival": 116, "hero": 99}
CLEANING = dt.timedelta(minutes=15)
WEDNESDAY = dt.date(2026, 11, 25)


def at(clock: str, day: dt.date = WEDNESDAY, zone: ZoneInfo = BERLIN) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(clock), zone)


@pytest.mark.parametrize(("clock", "part"), [
    ("05:00", "matinee"), ("16:59", "matinee"), ("17:00", "evening"), ("21:59", "evening"),
    ("22:00", "late"), ("00:30", "late"), ("04:59", "late"),
])
def test_the_start_decides_the_part_of_the_day(clock: str, part: str) -> None:
    assert day_part(at(clock)) == part


@pytest.mark.parametrize(("day", "clock", "standard", "premium"), [
    (WEDNESDAY, "14:00", 950, 1250),
    (WEDNESDAY, "20:00", 1200, 1500),
    (WEDNESDAY, "22:45", 1100, 1400),
    (dt.date(2026, 11, 28), "20:00", 1350, 1650),
    (dt.date(2026, 11, 29), "14:00", 1100, 1400),
])
def test_a_price_depends_on_hall_time_and_kind_of_seat(day: dt.date, clock: str, standard: int, premium: int) -> None:
    assert seat_prices(HALL, at(clock, day)) == {"standard": standard, "premium": premium}


def test_the_cinema_s_local_time_decides_the_price() -> None:
    shanghai = replace(HALL, zone=SHANGHAI)
    afternoon_in_berlin = at("15:00").astimezone(dt.UTC)

    assert seat_prices(HALL, afternoon_in_berlin)["standard"] == 950
    assert seat_prices(shanghai, afternoon_in_berlin)["standard"] == 1100  # 22:00 there
    friday_evening_in_berlin = at("18:00", dt.date(2026, 11, 27))
    assert seat_prices(shanghai, friday_evening_in_berlin)["standard"] == 1250  # Saturday, 1:00 there


@pytest.mark.parametrize("day", [dt.date(2027, 3, 27), dt.date(2027, 3, 28), dt.date(2026, 10, 25)])
def test_the_evening_begins_at_five_even_when_the_clocks_change(day: dt.date) -> None:
    assert seat_prices(HALL, at("16:59", day))["standard"] == 1100
    assert seat_prices(HALL, at("17:00", day))["standard"] == 1350


def test_a_price_is_never_negative() -> None:
    assert seat_prices(replace(HALL, price=100), at("14:00")) == {"standard": 0, "premium": 150}


def test_a_kind_of_seat_may_be_free_whatever_the_others_cost() -> None:
    assert seat_prices(replace(HALL, surcharges={"premium": FREE}), at("20:00")) == {"standard": 1200, "premium": 0}


def test_a_start_that_the_clocks_skip_is_an_hour_later() -> None:
    night = replace(SLOT, at=dt.time(2, 30))

    saturday, sunday = screenings_of([night], MINUTES, at("01:00", dt.date(2027, 3, 27)), days=2)

    assert not is_moved(saturday)
    assert is_moved(sunday)
    assert sunday.starts_at == at("03:30", dt.date(2027, 3, 28))


def test_screenings_keep_their_local_time_when_the_clocks_change() -> None:
    saturday = at("12:00", dt.date(2027, 3, 27))

    first, second = screenings_of([SLOT], MINUTES, saturday, days=2)

    assert first.starts_at == dt.datetime(2027, 3, 27, 18, 30, tzinfo=dt.UTC)
    assert second.starts_at == dt.datetime(2027, 3, 28, 17, 30, tzinfo=dt.UTC)
    assert [s.screening_id for s in (first, second)] == ["kanal-1-20270327-1930", "kanal-1-20270328-1930"]


def test_today_is_the_date_at_the_cinema() -> None:
    late_in_berlin = at("23:00")
    slots = [SLOT, replace(SLOT, hall=replace(HALL, hall_id="waitan-1", zone=SHANGHAI))]

    berlin, shanghai = screenings_of(slots, MINUTES, late_in_berlin, days=1)

    assert berlin.local_date == WEDNESDAY
    assert shanghai.local_date == WEDNESDAY + dt.timedelta(days=1)


def test_films_take_turns_and_a_later_load_plans_the_same() -> None:
    today = list(screenings_of([SLOT], MINUTES, at("12:00"), days=5))
    tomorrow = list(screenings_of([SLOT], MINUTES, at("12:00") + dt.timedelta(days=1), days=5))

    assert [s.film_id for s in today][:4] in (["arrival", "hero"] * 2, ["hero", "arrival"] * 2)
    assert today[1:] == tomorrow[:-1]


def test_a_slot_may_be_for_some_weekdays() -> None:
    weekend = replace(SLOT, weekdays=frozenset({5, 6}))

    assert [s.local_date.weekday() for s in screenings_of([weekend], MINUTES, at("12:00"), days=14)] == [5, 6, 5, 6]


def screening(starts: str, ends: str, hall: str = "kanal-1") -> PlannedScreening:
    return PlannedScreening(f"{hall}-{starts}", hall, "hero", WEDNESDAY, at(starts), at(ends))


@pytest.mark.parametrize(("second", "clash"), [("19:14", True), ("19:15", False), ("18:00", True), ("17:00", True)])
def test_a_hall_is_cleaned_between_two_screenings(second: str, clash: bool) -> None:
    pair = [screening("17:00", "19:00"), screening(second, "21:00")]

    assert bool(list(clashes(pair, CLEANING))) == clash


def test_screenings_in_different_halls_never_clash() -> None:
    assert not list(clashes([screening("17:00", "19:00"), screening("17:00", "19:00", "kanal-2")], CLEANING))


def test_a_long_film_clashes_with_all_that_begin_before_it_ends() -> None:
    long, second, third = screening("15:00", "19:00"), screening("15:30", "16:00"), screening("18:00", "20:00")

    assert list(clashes([third, long, second], CLEANING)) == [(long, second), (long, third)]


def test_a_price_names_its_parts() -> None:
    saturday = at("20:00", dt.date(2026, 11, 28))

    assert price_sums(HALL, saturday)["premium"] == {"price": 1200, "evening": 0, "weekend": 150, "premium": 300}
    assert price_sums(replace(HALL, day_parts={}), saturday)["standard"] == {
        "price": 1200, "evening": 0, "weekend": 0, "standard": 0}


def test_slots_of_one_hall_may_begin_with_different_films() -> None:
    turns = [next(screenings_of([replace(SLOT, turn=turn, films=("arrival", "hero", "metropolis"))],
                                {**MINUTES, "metropolis": 153}, at("12:00"), days=1)).film_id for turn in range(3)]

    assert turns in (["arrival", "hero", "metropolis"], ["hero", "metropolis", "arrival"],
                     ["metropolis", "arrival", "hero"])


def test_screenings_start_in_utc() -> None:
    [screening] = screenings_of([SLOT], MINUTES, at("12:00"), days=1)

    assert screening.starts_at.tzinfo is dt.UTC
