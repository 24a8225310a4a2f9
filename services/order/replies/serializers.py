"""Orders as replies: the fields of the schemas in schemas/order."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from services.order import rules
from services.order.order_events import screening_of
from services.order.order_view import OrderView
from services.order.screenings.refund_policy import BEGUN, RefundPlan, load_tiers, terms


@dataclass(frozen=True)
class PaymentProgress:
    """How far paying has come: the fields of schemas.order.orders.OrderPayment."""

    payment_id: str | None
    status: str
    redirect_url: str | None = None
    reason: str | None = None


def order_reply(view: OrderView, now: dt.datetime, progress: PaymentProgress | None = None) -> dict[str, Any]:
    """The order with its tickets, in the fields of schemas.order.Order."""
    row = view.row
    return {
        "order_id": row.order_id,
        "status": row.status,
        "payment": asdict(progress) if progress else None,
        "screening_id": row.screening_id,
        "seats": view.seats,
        "snacks": view.snacks,
        "total": row.total,
        "currency": row.currency,
        "refunded": row.refunded,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "extendable": rules.is_extendable(row.status, row.extended, row.expires_at, row.starts_at, now),
        "server_time": now,
        "screening": screening_of(row._mapping),
        "tickets": [ticket_reply(row) for row in view.tickets],
        "refund_terms": refund_terms(view),
        "revived": row.revived,
        "end_reason": row.end_reason,
        "kitchen": kitchen_reply(row) if row.kitchen_status else None,
    }


def refund_terms(view: OrderView) -> dict[str, Any]:
    """The refund policy stamped on the order, with what it gives back of the seats and snacks that are left."""
    row = view.row
    seats = view.valid_seats.values() if view.tickets else view.seats
    prices = [seat["price"] for seat in seats]
    return terms(load_tiers(row.refund_tiers), prices,
                 view.snacks_total if prices and row.kitchen_status not in BEGUN else 0)


def ticket_reply(row: Any) -> dict[str, Any]:
    """A ticket, with its code as long as it is valid."""
    return {"ticket_id": row.ticket_id, "seat_id": row.seat_id, "status": row.status,
            "admitted_at": row.admitted_at, "code": row.code if row.status == "valid" else None}


def kitchen_reply(row: Any) -> dict[str, Any]:
    """How far the snacks are; the time is that of the cinema's clock."""
    cinema_zone = dt.timezone(dt.timedelta(minutes=row.starts_offset))
    return {"status": row.kitchen_status, "pick_up_code": row.pick_up_code,
            "needed_at": row.needed_at and row.needed_at.astimezone(cinema_zone)}


def refund_preview(view: OrderView, plan: RefundPlan, now: dt.datetime) -> dict[str, Any]:
    """A refund that is not made yet, in the fields of schemas.order.methods.RefundPreviewReply."""
    return {
        "order_id": view.row.order_id, "currency": view.row.currency, "amount": plan.amount_with_snacks,
        "kept": plan.kept + plan.snacks - plan.snacks_back,
        "snacks": {"price": plan.snacks, "refund": plan.snacks_back} if plan.snacks else None,
        "until": plan.until, "server_time": now,
        "seats": [{**view.valid_seats[seat], "refund": back} for seat, back in plan.back.items()],
    }
