"""A new order as a reply: the fields of the schemas in schemas/order."""

from typing import Any

from services.order.buying.new_order import NewOrder
from services.order.order_items import snacks_total
from services.order.screenings.refund_policy import terms


def quote(order: NewOrder) -> dict[str, Any]:
    """The price of a new order: the facts of schemas.order.PriceChanged, plain JSON."""
    return {"total": order.total, "currency": order.screening.currency, "snacks": order.snacks,
            "seats": [{"seat_id": seat["seat_id"], "price": seat["price"]} for seat in order.seats]}


def new_order_reply(order: NewOrder) -> dict[str, Any]:
    """An order just made, in the fields of schemas.order.methods.BuyReply."""
    return {"order_id": order.order_id, "status": "created", "screening_id": order.screening.screening_id,
            "seats": order.seats, "snacks": order.snacks, "total": order.total, "currency": order.screening.currency,
            "expires_at": order.expires_at, "server_time": order.created_at,
            "refund_terms": terms(order.refund_tiers, [seat["price"] for seat in order.seats],
                                  snacks_total(order.snacks))}
