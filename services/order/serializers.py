"""What a buyer is told about an order."""

import datetime as dt
import json
from dataclasses import asdict
from typing import Any

from services.order.order_events import screening
from services.order.order_view import OrderView
from services.order.refunding.refund_policy import RefundPlan, in_full_until
from services.order.rules import Quote


def receipt(view: OrderView, now: dt.datetime, payment: dict[str, Any] | None = None) -> dict[str, Any]:
    """The order with its tickets, in the fields of schemas.order.Order; `payment`: how far paying has come."""
    row = view.row
    return {
        "order_id": row.order_id,
        "status": row.status,
        "payment": payment and {"reason": None, **payment},
        "screening_id": row.screening_id,
        "seats": view.seats,
        "snacks": view.snacks,
        "total": row.total,
        "currency": row.currency,
        "refunded": row.refunded,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "server_time": now,
        "screening": screening(row._mapping),
        "tickets": [ticket(row) for row in view.tickets],
        "refund_terms": {"full_until": in_full_until(view.tiers), "tiers": [asdict(tier) for tier in view.tiers]},
        "revived": row.revived,
        "end_reason": row.end_reason,
        "kitchen": kitchen(row) if row.kitchen_status else None,
    }


def ticket(row: Any) -> dict[str, Any]:
    """A ticket, with the code that a door takes as long as it is valid."""
    return {"ticket_id": row.ticket_id, "seat_id": row.seat_id, "status": row.status,
            "code": row.code if row.status == "valid" else None}


def kitchen(row: Any) -> dict[str, Any]:
    """How far its snacks are; the time is that of the cinema's clock."""
    at_the_cinema = dt.timezone(dt.timedelta(minutes=row.starts_offset))
    return {"status": row.kitchen_status, "pick_up_code": row.pick_up_code,
            "needed_at": row.needed_at and row.needed_at.astimezone(at_the_cinema)}


def preview(view: OrderView, plan: RefundPlan, now: dt.datetime) -> dict[str, Any]:
    """What a refund would come to, in the fields of schemas.order.RefundPreviewReply."""
    return {
        "order_id": view.row.order_id, "currency": view.row.currency, "amount": plan.amount_with_snacks,
        "kept": plan.kept + plan.snacks - plan.snacks_back,
        "snacks": {"price": plan.snacks, "refund": plan.snacks_back} if plan.snacks else None,
        "until": plan.until, "server_time": now,
        "seats": [{**view.valid_seats[seat], "refund": back} for seat, back in plan.back.items()],
    }


def new_quote(draft: dict[str, Any], quote: Quote) -> dict[str, Any]:
    """What an order that is about to be made costs: the facts of schemas.order.refusals.PriceChanged, plain JSON."""
    return {"total": draft["total"], "currency": draft["currency"], "snacks": json.loads(draft["snacks"]),
            "seats": [{"seat_id": seat["seat_id"], "price": seat["price"]} for seat in quote.seats]}


def new_order_receipt(draft: dict[str, Any], quote: Quote) -> dict[str, Any]:
    """An order just made, in the fields of schemas.order.BuyReply."""
    told = ("order_id", "status", "screening_id", "total", "currency", "expires_at")
    return {**{name: draft[name] for name in told}, "seats": quote.seats,
            "snacks": json.loads(draft["snacks"]), "server_time": draft["created_at"]}
