"""An order as its buyer sees it."""

from marshmallow import fields, validate

from schemas.base import Schema
from schemas.fields import Currency, Id, Moment, Money, SeatId, Whole
from schemas.kitchen import KITCHEN_STATES, Snack
from schemas.payment import PAYMENT_STATES

ORDER_STATES = ("created", "paying", "paid", "part_refunded", "completed", "refunding", "refunded", "cancelled",
                "expired", "review")
END_REASONS = ("asked", "screening_cancelled", "paid_late", "reversed")
REVIVED = "it had expired, and its late payment found every seat still free"


class OrderRequest(Schema):
    """Names one of the caller's orders."""

    order_id = Id(required=True)


class Ticket(Schema):
    """A ticket for one seat."""

    ticket_id = Id(required=True)
    seat_id = SeatId(required=True)
    code = fields.String(required=True, allow_none=True,
                         metadata={"description": "shown at the door; see get_ticket_keys; null once refunded"})
    status = fields.String(required=True, validate=validate.OneOf(("valid", "void")))
    admitted_at = Moment(required=True, allow_none=True, metadata={
        "description": "when its guest was admitted; a used ticket is not refunded"})


class OrderSeat(Schema):
    """A seat at the price it was sold for."""

    seat_id = SeatId(required=True)
    price = Money(required=True)


class RefundTier(Schema):
    """Until `until`, `percent` of a seat's price goes back, less `fee`."""

    until = Moment(required=True)
    percent = Whole(required=True, metadata={"description": "of a seat's price"})
    fee = Money(required=True, metadata={"description": "kept from each seat, in minor units"})
    amount = Money(required=True, metadata={
        "description": "what goes back for all seats of the order that are left, and for its snacks unless the kitchen "
                       "has begun"})


class RefundTerms(Schema):
    """The refund policy stamped on the order when it was made."""

    full_until = Moment(required=True, allow_none=True,
                        metadata={"description": "until then everything is refunded; null: never"})
    tiers = fields.List(fields.Nested(RefundTier), required=True,
                        metadata={"description": "the first whose `until` has not passed counts; after all, nothing"})


class BuyReply(Schema):
    """A new order; it holds its seats until `expires_at`."""

    order_id = Id(required=True)
    status = fields.String(required=True, validate=validate.OneOf(ORDER_STATES))
    screening_id = Id(required=True)
    seats = fields.List(fields.Nested(OrderSeat), required=True)
    snacks = fields.List(fields.Nested(Snack), required=True)
    total = Money(required=True, metadata={"description": "of seats and snacks"})
    currency = Currency(required=True)
    expires_at = Moment(required=True, metadata={"description": "pay before this moment"})
    server_time = Moment(required=True)
    refund_terms = fields.Nested(RefundTerms, required=True)


class OrderScreening(Schema):
    """The screening as it was when the order was made; times are those of the cinema's clock."""

    screening_id = Id(required=True)
    film_title = fields.String(required=True)
    cinema_id = Id(load_default=None, allow_none=True, metadata={"description": "null for orders from before snacks"})
    cinema_name = fields.String(required=True)
    hall_name = fields.String(required=True)
    time_zone = fields.String(load_default=None, allow_none=True, metadata={
        "description": "of the cinema, an IANA name; null for orders of older versions"})
    starts_at = Moment(required=True)
    ends_at = Moment(load_default=None, allow_none=True, metadata={"description": "null in events of older versions"})


class OrderKitchen(Schema):
    """How far the snacks of an order are."""

    status = fields.String(required=True, validate=validate.OneOf(KITCHEN_STATES))
    pick_up_code = fields.String(required=True, allow_none=True, metadata={"description": "null until it is paid"})
    needed_at = Moment(required=True, allow_none=True, metadata={"description": "when they will be ready"})


class OrderPayment(Schema):
    """How far paying has come."""

    payment_id = Id(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf((*PAYMENT_STATES, "none", "closed")))
    redirect_url = fields.String(required=True, allow_none=True,
                                 metadata={"description": "where the buyer pays; only in the reply of `pay`"})
    reason = fields.String(required=True, allow_none=True, metadata={
        "description": "why it failed: declined, insufficient_funds, challenge_failed, or the provider's own reason"})


class Order(BuyReply):
    """An order with its tickets."""

    payment = fields.Nested(OrderPayment, required=True, allow_none=True,
                            metadata={"description": "how far paying has come; while `paying`, and in `pay`"})
    created_at = Moment(required=True)
    extendable = fields.Boolean(load_default=False, metadata={
        "description": "whether `extend` can still move `expires_at` on"})
    screening = fields.Nested(OrderScreening, required=True)
    tickets = fields.List(fields.Nested(Ticket), required=True)
    refunded = Money(required=True, metadata={"description": "given back or on its way back"})
    revived = fields.Boolean(required=True, metadata={"description": REVIVED})
    end_reason = fields.String(required=True, allow_none=True, validate=validate.OneOf(END_REASONS), metadata={
        "description": "why it was cancelled or refunded; paid_late: money came after its end, and goes back; "
                       "reversed: its money had gone back through the bank or by a refund made at the provider"})
    kitchen = fields.Nested(OrderKitchen, required=True, allow_none=True, metadata={"description": "null: no snacks"})
