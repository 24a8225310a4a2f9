"""Receipts: what was bought, from whom, by whom, how it was paid, and what has gone back."""

from marshmallow import fields, validate

from schemas.base import Method, Schema
from schemas.fields import Currency, Id, Moment, Money, SeatId, Text, Whole
from schemas.film import SEAT_KINDS
from schemas.order.methods import REFUNDED_TO, WAYS_TO_PAY
from schemas.order.orders import END_REASONS, ORDER_STATES, OrderRequest, OrderScreening
from schemas.order.refusals import OrderNotPaid, UnknownOrder
from schemas.user.self_service import PostalAddress, PostalFields, UnknownAddress

PARTS = ("buyer", "method")
REFUND_KINDS, REFUND_STATES = ("seats", "snacks"), ("requested", "done")


class ReceiptRequest(OrderRequest):
    """An order, and the address of mine that its receipt is made out to."""

    address_id = Id(metadata={"description": "from user.get_addresses; without it, the oldest of them"})


class Seller(PostalFields):
    """Who sells, as config.yml names them."""

    tax_id = Text(40, allow_none=True, load_default=None, metadata={"description": "such as a VAT number"})


class ReceiptBuyer(Schema):
    """Who has bought, as their account has it now."""

    name = fields.String(required=True, metadata={"description": "display name or username"})
    address = fields.Nested(PostalAddress, required=True, allow_none=True, metadata={"description": "null: none given"})


class ReceiptLine(Schema):
    """A seat, or some of one snack, at the price of the order."""

    item = fields.String(required=True, validate=validate.OneOf(("seat", "snack")))
    seat_id = SeatId(metadata={"description": "of a seat, as is `kind`"})
    kind = fields.String(validate=validate.OneOf(SEAT_KINDS))
    sku = Id(metadata={"description": "of a snack, as are its names"})
    name = fields.String()
    name_zh = fields.String(allow_none=True)
    quantity = Whole(required=True)
    price = Money(required=True, metadata={"description": "of one"})
    amount = Money(required=True, metadata={"description": "of them all"})


class ReceiptRefund(Schema):
    """Money that has gone back, or is on its way."""

    what = fields.String(required=True, validate=validate.OneOf(REFUND_KINDS))
    amount = Money(required=True)
    requested_at = Moment(required=True)
    status = fields.String(required=True, validate=validate.OneOf(REFUND_STATES))
    to = fields.String(required=True, validate=validate.OneOf(REFUNDED_TO), metadata={
        "description": "payment: back to where it came from"})
    reason = fields.String(required=True, validate=validate.OneOf(END_REASONS))


class Receipt(Schema):
    """What an order cost and what has gone back of it until `server_time`.

    `total` is the sum of the lines, `refunded` that of the refunds, and `remaining` the difference.
    """

    number = fields.String(required=True, metadata={"description": "the order_id in groups of eight"})
    order_id = Id(required=True)
    status = fields.String(required=True, validate=validate.OneOf(ORDER_STATES))
    screening = fields.Nested(OrderScreening, required=True)
    seller = fields.Nested(Seller, required=True, allow_none=True, metadata={
        "description": "null: config.yml names none, and the cinema of the screening is all that is known"})
    buyer = fields.Nested(ReceiptBuyer, required=True, allow_none=True, metadata={
        "description": "null: a guest, or see `unavailable`"})
    created_at = Moment(required=True)
    paid_at = Moment(required=True)
    method = fields.String(required=True, allow_none=True, validate=validate.OneOf(WAYS_TO_PAY), metadata={
        "description": "how it was paid; null: it cost nothing, or that is not known"})
    lines = fields.List(fields.Nested(ReceiptLine), required=True)
    total = Money(required=True)
    refunds = fields.List(fields.Nested(ReceiptRefund), required=True, metadata={"description": "the oldest first"})
    refunded = Money(required=True)
    remaining = Money(required=True)
    currency = Currency(required=True)
    unavailable = fields.List(fields.String(validate=validate.OneOf(PARTS)), required=True, metadata={
        "description": "the parts that are null because their room gave no answer in time"})
    server_time = Moment(required=True)


GET_RECEIPT = Method("order", "get_receipt", ReceiptRequest, Receipt, "guest",
                     "The receipt of one of my orders that was paid, made out to one of my addresses.",
                     refusals=(UnknownOrder, OrderNotPaid, UnknownAddress), reads=True, deadline=8)
