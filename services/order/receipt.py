"""What a buyer is told about an order."""

import datetime as dt
from typing import Any

from services.order.events import screening
from services.order.rules import Quote
from services.order.store import OrderView


def receipt(view: OrderView, now: dt.datetime) -> dict[str, Any]:
    """The order with its tickets, in the fields of schemas.order.Order."""
    row = view.row
    return {
        "order_id": row.order_id,
        "status": row.status,
        "screening_id": row.screening_id,
        "seats": view.seats,
        "total": row.total,
        "currency": row.currency,
        "refunded": row.refunded,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "server_time": now,
        "screening": screening(row._mapping),
        "tickets": [
            {"ticket_id": ticket.ticket_id, "seat_id": ticket.seat_id, "status": ticket.status,
             "code": ticket.code if ticket.status == "valid" else None}
            for ticket in view.tickets
        ],
        "refund_terms": {"full_until": row.refund_until},
    }


def new_order_receipt(draft: dict[str, Any], quote: Quote, now: dt.datetime) -> dict[str, Any]:
    """An order just made, in the fields of schemas.order.BuyReply."""
    told = ("order_id", "status", "screening_id", "total", "currency", "expires_at")
    return {**{name: draft[name] for name in told}, "seats": quote.seats, "server_time": now}
