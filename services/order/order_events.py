"""What the other rooms are told of an order: an event for each change, written with it."""

import datetime as dt
import json
from collections.abc import Collection
from typing import Any

from sqlalchemy.engine import Connection

from schemas import catalogue
from services.foundation.events import outbox
from services.order.models import OUTBOX

UNSAID = {"refund": None, "reason": None}


def tell(tx: Connection, order: dict[str, Any], seats: list[dict[str, Any]], returned: Collection[str] = (),
         what: str | None = None, **said: Any) -> None:
    """Note how the order stands after a change; `what` has happened, if it is not what the status says.

    `order`: its row; `seats`: as bought; `returned`: given back so far; `said`: more of schemas.order.OrderEvent.
    """
    body = {**order, "seats": seats, "snacks": json.loads(order["snacks"]), "screening": screening(order), **UNSAID,
            "returned_seats": [seat["seat_id"] for seat in seats if seat["seat_id"] in returned], **said}
    outbox.write(tx, OUTBOX, catalogue.events()[f"order.{what or order['status']}"], about=order["order_id"],
                 sequence=order["version"], body=body)


def screening(order: Any) -> dict[str, Any]:
    """Where and when an order's row says, in the fields of schemas.order.OrderScreening."""
    named = ("screening_id", "film_title", "cinema_id", "cinema_name", "hall_name")
    at_the_cinema = dt.timezone(dt.timedelta(minutes=order["starts_offset"]))
    moments = {name: order[name].astimezone(at_the_cinema) for name in ("starts_at", "ends_at")}
    return {**{name: order[name] for name in named}, **moments}
