"""An order as a calendar file."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from icalendar import Calendar

from services.order.order_view import OrderView
from services.order.tickets.calendar_file import calendar_file

STARTS = dt.datetime(2026, 11, 22, 20, tzinfo=dt.timezone(dt.timedelta(hours=1)))
ENDS = STARTS + dt.timedelta(hours=2)


def order(status: str = "paid", **changes: Any) -> OrderView:
    row: Any = SimpleNamespace(**{
        "order_id": "01a1", "version": 3, "status": status, "film_title": "Amélie; or, 天使爱美丽",
        "cinema_name": "Kino am Kanal", "hall_name": "Saal 1", "starts_at": STARTS, "ends_at": ENDS,
        "changed_at": STARTS, **changes})
    seats = [{"seat_id": seat, "price": 1} for seat in ("F7", "F8")]
    tickets = [SimpleNamespace(seat_id="F7", status="void"), SimpleNamespace(seat_id="F8", status="valid")]
    return OrderView(row, tickets, seats)


def entry(view: OrderView) -> Any:
    [event] = Calendar.from_ical(calendar_file(view)).events
    return event


def test_an_entry_has_film_place_and_time_in_utc() -> None:
    found = entry(order())
    assert (found["summary"], found["location"]) == ("Amélie; or, 天使爱美丽", "Kino am Kanal, Saal 1")
    known = Calendar.from_ical(calendar_file(order(), "Ufer 1; Berlin")).events[0]
    assert known["location"] == "Kino am Kanal, Saal 1, Ufer 1; Berlin"
    assert found["dtstart"].to_ical() == b"20261122T190000Z"
    assert found["dtend"].to_ical() == b"20261122T210000Z"
    assert found["uid"] == "01a1@marquee"
    assert found["dtstamp"].dt == STARTS


def test_a_refunded_seat_is_not_in_the_entry() -> None:
    assert entry(order("part_refunded"))["description"] == "F8"


@pytest.mark.parametrize(("status", "told"), [
    ("created", "TENTATIVE"), ("review", "TENTATIVE"), ("paid", "CONFIRMED"), ("part_refunded", "CONFIRMED"),
    ("refunding", "CANCELLED"), ("refunded", "CANCELLED"), ("expired", "CANCELLED"), ("cancelled", "CANCELLED")])
def test_the_entry_of_a_refunded_order_is_cancelled(status: str, told: str) -> None:
    assert entry(order(status))["status"] == told


def test_the_entry_of_a_demonstration_says_test() -> None:
    [event] = Calendar.from_ical(calendar_file(order(), test=True)).events
    assert event["summary"] == "TEST: Amélie; or, 天使爱美丽"


def test_no_line_is_longer_than_75_bytes() -> None:
    lines = calendar_file(order(film_title="很" * 200)).encode().split(b"\r\n")
    assert max(map(len, lines)) <= 75
