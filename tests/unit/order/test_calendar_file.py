"""An order in its buyer's calendar."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from icalendar import Calendar

from services.order.store import OrderView
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


def test_it_says_what_when_and_where_in_universal_time() -> None:
    said = entry(order())
    assert (said["summary"], said["location"]) == ("Amélie; or, 天使爱美丽", "Kino am Kanal, Saal 1")
    assert said["dtstart"].to_ical() == b"20261122T190000Z"
    assert said["dtend"].to_ical() == b"20261122T210000Z"
    assert said["uid"] == "01a1@marquee"
    assert said["dtstamp"].dt == STARTS


def test_a_seat_given_back_is_not_in_it() -> None:
    assert entry(order("part_refunded"))["description"] == "F8"


@pytest.mark.parametrize(("status", "told"), [
    ("created", "TENTATIVE"), ("review", "TENTATIVE"), ("paid", "CONFIRMED"), ("part_refunded", "CONFIRMED"),
    ("refunding", "CANCELLED"), ("refunded", "CANCELLED"), ("expired", "CANCELLED"), ("cancelled", "CANCELLED")])
def test_a_calendar_strikes_out_what_was_given_back(status: str, told: str) -> None:
    assert entry(order(status))["status"] == told


def test_a_demonstration_s_entry_says_test() -> None:
    [event] = Calendar.from_ical(calendar_file(order(), test=True)).events
    assert event["summary"] == "TEST: Amélie; or, 天使爱美丽"


def test_no_line_is_longer_than_a_calendar_reads() -> None:
    lines = calendar_file(order(film_title="很" * 200)).encode().split(b"\r\n")
    assert max(map(len, lines)) <= 75
