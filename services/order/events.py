"""What the other rooms are told of an order: an event for each change, written with it."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy.engine import Connection

from schemas import catalogue
from schemas.order import PAID_LATE
from services.foundation import outbox
from services.order.models import OUTBOX

UNSAID = {"refund": None, "reason": None, "revived": False}


def tell(tx: Connection, order: dict[str, Any], seats: list[dict[str, Any]], returned: Collection[str] = (),
         **said: Any) -> None:
    """Note how the order stands after a change.

    `order`: its row; `seats`: as bought; `returned`: given back so far; `said`: more of schemas.order.OrderEvent.
    """
    body = {**order, "seats": seats, "screening": screening(order), **UNSAID,
            "returned_seats": [seat["seat_id"] for seat in seats if seat["seat_id"] in returned], **said}
    outbox.write(tx, OUTBOX, catalogue.events()[f"order.{order['status']}"], about=order["order_id"],
                 sequence=order["version"], body=body)


def tell_paid_late(tx: Connection, order: dict[str, Any], seats: list[dict[str, Any]], amount: int) -> None:
    """Note that an order which has ended was paid all the same. It stays as it is, so this is about its money only."""
    body = {**order, "seats": seats, "screening": screening(order), **UNSAID, "returned_seats": [],
            "reason": "paid_late", "refund": {"amount": amount, "seats": []}}
    outbox.write(tx, OUTBOX, PAID_LATE, about=f"late-{order['order_id']}", sequence=1, body=body)


def screening(order: Any) -> dict[str, Any]:
    """Where and when an order's row says, in the fields of schemas.order.OrderScreening."""
    named = ("screening_id", "film_title", "cinema_name", "hall_name")
    at_the_cinema = dt.timezone(dt.timedelta(minutes=order["starts_offset"]))
    return {**{name: order[name] for name in named}, "starts_at": order["starts_at"].astimezone(at_the_cinema)}
