"""A receipt as far as the order room knows it: fields of schemas.order.receipts.Receipt."""

import datetime as dt
from typing import Any

from services.foundation.ids import made_at
from services.order import rules
from services.order.order_events import screening_of
from services.order.order_items import Seat, Snack, snacks_total
from services.order.order_view import OrderView, Rows

GROUP = 8


def receipt_reply(view: OrderView, refunds: Rows, now: dt.datetime) -> dict[str, Any]:
    """The receipt of an order that was paid, without its seller, its buyer and how it was paid.

    What has gone back is summed up from the `refunds`: the order may have been read a moment before them.
    """
    row, refunded = view.row, sum(refund.amount for refund in refunds)
    return {
        "number": receipt_number(row.order_id), "order_id": row.order_id, "status": row.status,
        "screening": screening_of(row._mapping), "created_at": row.created_at,
        "paid_at": min(made_at(ticket.ticket_id) for ticket in view.tickets),  # tickets come with the money
        "lines": [*map(_seat_line, view.seats), *map(_snack_line, view.snacks)],
        "total": row.total, "refunded": refunded, "remaining": row.total - refunded, "currency": row.currency,
        "refunds": [_refund(row.order_id, refund) for refund in refunds], "server_time": now,
    }


def receipt_number(order_id: str) -> str:
    """The number of an order's receipt, of which there is one: 01A1FD94-188C7315-99426506-D887675E."""
    return "-".join(order_id[at:at + GROUP] for at in range(0, len(order_id), GROUP)).upper()


def _seat_line(seat: Seat) -> dict[str, Any]:
    return {"item": "seat", **seat, "quantity": 1, "amount": seat["price"]}


def _snack_line(snack: Snack) -> dict[str, Any]:
    return {"item": "snack", **snack, "amount": snacks_total([snack])}


def _refund(order_id: str, row: Any) -> dict[str, Any]:
    return {"what": "snacks" if row.refund_id == rules.snack_refund_id(order_id) else "seats", "amount": row.amount,
            "requested_at": row.requested_at, "status": row.status, "to": "wallet" if row.to_wallet else "payment",
            "reason": row.reason}
