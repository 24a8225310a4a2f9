"""An order as an entry in its buyer's calendar (RFC 5545)."""

import datetime as dt

from icalendar import STATUS, Calendar, Event

from services.order.order_view import OrderView
from services.order.rules import HOLDS_SEATS, OWNS_SEATS


def calendar_file(view: OrderView, address: str | None = None, test: bool = False) -> str:
    """The text of an .ics file. Imported again after a refund, it replaces or cancels the earlier entry.

    `address`: of the cinema, if it is known. `test`: for a demonstration, with the word TEST.
    """
    row = view.row
    uid = f"{row.order_id}@marquee"
    entry = Event.new(
        uid=uid, sequence=row.version, stamp=row.changed_at, status=_status(row.status),
        start=row.starts_at.astimezone(dt.UTC), end=row.ends_at.astimezone(dt.UTC),
        summary=f"TEST: {row.film_title}" if test else row.film_title,
        location=", ".join(filter(None, (row.cinema_name, row.hall_name, address))),
        description=", ".join(view.valid_prices if row.status in OWNS_SEATS else view.seat_ids),
    )
    return Calendar.new(prodid="-//Marquee//EN", uid=uid, subcomponents=[entry]).to_ical().decode()


def _status(order_status: str) -> STATUS:
    if order_status in OWNS_SEATS:
        return STATUS.CONFIRMED
    return STATUS.TENTATIVE if order_status in HOLDS_SEATS else STATUS.CANCELLED
