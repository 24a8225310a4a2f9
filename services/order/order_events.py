"""The events of an order: one for each change, written in the transaction of the change."""

import datetime as dt
import json
from collections.abc import Collection
from typing import Any

from sqlalchemy.engine import Connection

from schemas import catalogue
from services.foundation.events import outbox
from services.order.models import OUTBOX
from services.order.order_items import Seat

NO_EVENT_FIELDS = {"refund": None, "last_refund": None, "reason": None, "snacks_refunded": 0}


def record_event(tx: Connection, order: dict[str, Any], seats: list[Seat], returned: Collection[str] = (),
                 name: str | None = None, **event_fields: Any) -> None:
    """Write the event `order.<name>` to the outbox; without a name, the status is its name.

    `order`: the row after the change; `seats`: as bought; `returned`: ids of the seats given back so far;
    `event_fields`: other fields of schemas.order.OrderEvent.
    """
    body = {**order, "seats": seats, "snacks": json.loads(order["snacks"]), "screening": screening_of(order),
            **NO_EVENT_FIELDS, "returned_seats": [seat["seat_id"] for seat in seats if seat["seat_id"] in returned],
            **event_fields}
    outbox.write(tx, OUTBOX, catalogue.events()[f"order.{name or order['status']}"], about=order["order_id"],
                 sequence=order["version"], body=body)


def screening_of(order: Any) -> dict[str, Any]:
    """The screening of an order's row, in the fields of schemas.order.orders.OrderScreening."""
    named = ("screening_id", "film_title", "cinema_id", "cinema_name", "hall_name", "time_zone")
    cinema_zone = dt.timezone(dt.timedelta(minutes=order["starts_offset"]))
    moments = {name: order[name].astimezone(cinema_zone) for name in ("starts_at", "ends_at")}
    return {**{name: order[name] for name in named}, **moments}
