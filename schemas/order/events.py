"""The events of the order room, and its announcement that seats have changed."""

from marshmallow import fields, validate

from schemas.base import Announcement, Event, Schema
from schemas.fields import Currency, Id, Money, SeatId
from schemas.kitchen import Snack
from schemas.operation_log import operated
from schemas.order.cancellation import CancelledScreening
from schemas.order.orders import END_REASONS, ORDER_STATES, REVIVED, OrderScreening, OrderSeat


class EventRefund(Schema):
    """Money that a change of an order gives back."""

    amount = Money(required=True)
    seats = fields.List(SeatId(), required=True)


class OrderEvent(Schema):
    """An order after a change, complete enough for a kitchen or a mail that can't call back."""

    order_id = Id(required=True)
    buyer_id = Id(required=True)
    guest = fields.Boolean(load_default=False, metadata={"description": "the buyer has no account"})
    status = fields.String(required=True, validate=validate.OneOf(ORDER_STATES))
    seats = fields.List(fields.Nested(OrderSeat), required=True, metadata={"description": "as they were bought"})
    returned_seats = fields.List(SeatId(), required=True, metadata={"description": "given back so far"})
    snacks = fields.List(fields.Nested(Snack), load_default=list)
    total = Money(required=True)
    refunded = Money(required=True, metadata={"description": "given back so far, or on its way back"})
    snacks_refunded = Money(load_default=0, metadata={
        "description": "the part of `refunded` that is for snacks; it goes back last"})
    currency = Currency(required=True)
    screening = fields.Nested(OrderScreening, required=True)
    refund = fields.Nested(EventRefund, load_default=None, allow_none=True,
                           metadata={"description": "the refund that this change makes"})
    last_refund = fields.Nested(EventRefund, load_default=None, allow_none=True, metadata={
        "description": "in order.refunded: the seats given back last, and the amount for them and the snacks; null in "
                       "events of older versions"})
    reason = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(END_REASONS),
                           metadata={"description": "why it was cancelled or refunded"})
    revived = fields.Boolean(load_default=False, metadata={"description": REVIVED})


def _event(status: str, summary: str) -> Event:
    return Event("order", f"order.{status}", 1, OrderEvent, summary)


CREATED = _event("created", "Seats were taken; the order waits for its payment.")
PAYING = _event("paying", "The buyer has begun to pay.")
EXTENDED = _event("extended", "The buyer has asked for more time; the seats are held longer.")
PAID = _event("paid", "The money is there and the tickets are made.")
PART_REFUNDED = _event("part_refunded", "Some seats were given back.")
REFUNDING = _event("refunding", "Everything was given back; the money is on its way.")
REFUNDED = _event("refunded", "All the money has gone back.")
EXPIRED = _event("expired", "The time to pay was over; the seats are free.")
CANCELLED = _event("cancelled", "The unpaid order was dropped; the seats are free.")
COMPLETED = _event("completed", "The screening is over, and no snacks are waiting.")
PAID_LATE = _event("paid_late", "Money came for an order that had ended unpaid; all of it goes back.")
ADOPTED = _event("adopted", "A guest has signed in: the order belongs to an account now.")
REVIEW = _event("review", "A person has to review the payment of this order.")
SCREENING_CANCELLED = Event("order", "screening.cancelled", 1, CancelledScreening,
                            "A screening will not take place; an event for each of its orders follows.")
OPERATED = operated("order")

SEATS_CHANGED = Announcement("order", "seats_changed", about="the screenings whose seats changed")
