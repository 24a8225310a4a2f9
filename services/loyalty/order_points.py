"""Points of orders. Paid orders earn, and refunds take back in proportion.

Each event of an order says how much of it has gone back so far, so the largest sum counts, in whichever order events
come. What has been taken back is what the entries say; an event brings it up to what the sum asks for.

The order of a guest is remembered, and its points are booked once an account adopts it.
"""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from services.foundation.events.consumers import Delivery
from services.loyalty import ledger, rules, store
from services.loyalty.settings import LoyaltySettings

Fields = dict[str, Any]


def earn(tx: Connection, settings: LoyaltySettings, delivery: Delivery) -> None:
    """The order is paid: book its points, less those of refunds that were heard of before."""
    body = delivery.body
    order = heard_of(tx, settings, body)
    if order.is_paid:
        return
    _book(tx, store.change_order(tx, order.order_id, is_paid=True, refunded_before=body["refunded"]), delivery)


def adopt(tx: Connection, settings: LoyaltySettings, delivery: Delivery) -> None:
    """An account has adopted the order of a guest: it has its points, as if it had bought."""
    body = delivery.body
    order = heard_of(tx, settings, body)
    if order.is_guest:
        order = store.change_order(tx, order.order_id, is_guest=False, user_id=body["buyer_id"])
        if order.is_paid:
            _book(tx, order, delivery)


def take_back(tx: Connection, settings: LoyaltySettings, delivery: Delivery) -> None:
    """Money of the order goes back: so do its points, once the order is known to be paid."""
    body = delivery.body
    order = heard_of(tx, settings, body)
    snacks = body["snacks_refunded"]
    order = store.change_order(tx, order.order_id, snacks_refunded=max(order.snacks_refunded, snacks),
                               seats_refunded=max(order.seats_refunded, body["refunded"] - snacks))
    if order.is_paid and not order.is_guest:
        _take_back(tx, order, delivery)


def _book(tx: Connection, order: Row[Any], delivery: Delivery) -> None:
    if order.is_guest:
        return
    if points := rules.points_earned(order):
        ledger.book(tx, order.user_id, "earned", order.order_id, points, order_id=order.order_id,
                    occurred_at=delivery.occurred_at)
    _take_back(tx, order, delivery)


def _take_back(tx: Connection, order: Row[Any], delivery: Delivery) -> None:
    points = rules.points_earned(order) - rules.points_kept(order) - store.taken_back(tx, order.order_id)
    if points:
        ledger.book(tx, order.user_id, "taken_back", f"{order.order_id}-{delivery.sequence}", -points,
                    order_id=order.order_id, reason=delivery.body["reason"] or "asked",
                    occurred_at=delivery.occurred_at)


def heard_of(tx: Connection, settings: LoyaltySettings, body: Fields) -> Row[Any]:
    """What is known of an order after an event of it, locked; `body` has the fields of schemas.order.OrderEvent."""
    rule = settings.earning_of(body["screening"]["cinema_id"], body["currency"])
    seats = sum(seat["price"] for seat in body["seats"])
    return store.lock_order(tx, {
        "order_id": body["order_id"], "user_id": body["buyer_id"], "is_guest": body["guest"], "is_paid": False,
        "refunded_before": 0,
        "seats_amount": seats, "seats_refunded": 0, "seats_points": rule.seats_points, "seats_per": rule.seats_per,
        "snacks_amount": body["total"] - seats, "snacks_refunded": 0, "snacks_points": rule.snacks_points,
        "snacks_per": rule.snacks_per,
    })
