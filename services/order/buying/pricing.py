"""The price of seats, and whether they are sold together. Pure: no I/O, `now` is an argument."""

import datetime as dt
from collections.abc import Sequence

from schemas.errors import FieldsInvalid
from schemas.order.refusals import SalesClosed, SeatsUnknownInHall
from services.order.order_items import RequestedSnack, Seat, Seats
from services.order.rules import has_begun
from services.order.screenings import seat_groups


def price_seats(hall: Seats, starts_at: dt.datetime, wanted: Sequence[str], now: dt.datetime,
                seats_per_order: int) -> list[Seat]:
    """The seats wanted with their prices, in the sequence asked for; `hall` has every seat of the hall.

    Raises FieldsInvalid, SeatsUnknownInHall, SalesClosed, CoupleSeatParted or CompanionAlone.
    """
    if len(set(wanted)) != len(wanted):
        raise FieldsInvalid(fields={"seats": ["The same seat is named twice."]})
    if len(wanted) > seats_per_order:
        raise FieldsInvalid(fields={"seats": [f"At most {seats_per_order} seats per order."]})
    if unknown := [seat for seat in wanted if seat not in hall]:
        raise SeatsUnknownInHall(seats=unknown)
    if has_begun(starts_at, now):
        raise SalesClosed()
    seat_groups.check_buying(hall, wanted)
    return [hall[seat] for seat in wanted]


def check_snacks(wanted: Sequence[RequestedSnack], snacks_per_order: int, snacks_of_a_kind: int) -> None:
    """Raise FieldsInvalid for more snacks than one order may have, or for a snack named twice."""
    if len({snack["sku"] for snack in wanted}) != len(wanted):
        raise FieldsInvalid(fields={"snacks": ["The same snack is named twice."]})
    if len(wanted) > snacks_per_order:
        raise FieldsInvalid(fields={"snacks": [f"At most {snacks_per_order} different snacks per order."]})
    if any(snack["quantity"] > snacks_of_a_kind for snack in wanted):
        raise FieldsInvalid(fields={"snacks": [f"At most {snacks_of_a_kind} of each."]})
