"""The pictures of tickets, and the calendar entry of an order."""

import datetime as dt

import pytest
from icalendar import Calendar

from testbed.mesh import Mesh, wait_until


def paid_order(mesh: Mesh, token: str, count: int) -> tuple[str, list[str]]:
    screening = mesh.fresh_screening(40)
    seats = list(mesh.seats(screening))[:count]
    order_id = str(mesh.post("/order/buy", token, screening_id=screening, seats=seats).json()["order_id"])
    assert mesh.post("/order/pay", token, order_id=order_id, method="sandbox").status_code == 200
    return order_id, seats


def calendar(mesh: Mesh, token: str, order_id: str) -> Calendar:
    return Calendar.from_ical(mesh.get("/order/get_calendar", token, order_id=order_id).json()["calendar"])


def test_every_valid_ticket_has_a_picture_and_a_refunded_one_has_none(mesh: Mesh) -> None:
    token = mesh.buyer()
    order_id, seats = paid_order(mesh, token, 3)

    def pictured() -> list[str]:
        found = mesh.get("/order/get_ticket_images", token, order_id=order_id).json()["tickets"]
        assert all(ticket["svg"].startswith("<svg ") for ticket in found)
        return [ticket["seat_id"] for ticket in found]

    assert pictured() == seats
    mesh.post("/order/refund", token, order_id=order_id, seats=seats[:1])
    assert pictured() == seats[1:]
    mesh.post("/order/refund", token, order_id=order_id)
    assert pictured() == []


def test_a_calendar_entry_has_times_place_and_seats(mesh: Mesh) -> None:
    token = mesh.buyer()
    order_id, seats = paid_order(mesh, token, 2)
    order = mesh.get("/order/get_info", token, order_id=order_id).json()
    hall = mesh.get("/film/get_hall_info", screening_id=order["screening_id"]).json()["screening"]

    [entry] = calendar(mesh, token, order_id).events

    assert [entry.start.isoformat(), entry.end.isoformat()] == [
        moment.isoformat() for moment in map(in_utc, (hall["starts_at"], hall["ends_at"]))]
    assert entry["summary"] == order["screening"]["film_title"]
    assert order["screening"]["hall_name"] in entry["location"]
    assert entry["description"] == ", ".join(seats)


def in_utc(moment: str) -> dt.datetime:
    return dt.datetime.fromisoformat(moment).astimezone(dt.UTC)


@pytest.mark.full_size("integration/order/test_pictures_and_calendar.py")
def test_a_calendar_entry_needs_no_film_room(mesh: Mesh) -> None:
    token = mesh.buyer()
    order_id, _ = paid_order(mesh, token, 1)
    with mesh.without("film"):
        mesh.kill("order")  # what it knew of screenings goes with it
        wait_until(lambda: mesh.get("/order/get_list", token).status_code == 200, 60, "the order room")
        [entry] = calendar(mesh, token, order_id).events
    assert "DTSTART" in entry
    assert "DTEND" in entry
