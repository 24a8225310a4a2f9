"""The payment room: charges and refunds at a provider. Internal: only the order room calls it."""

from marshmallow import fields, validate

from schemas.base import Method, Schema
from schemas.errors import Conflict
from schemas.fields import Currency, Id, Money

PAYMENT_METHODS = ("sandbox",)
PAYMENT_STATES = ("submitted", "captured", "failed", "cancelled")


class PaymentDeclined(Conflict):
    """The payment was declined. Your seats are still yours: try again before the time is up."""


class PaymentClosed(Conflict):
    """This order no longer takes payments."""


class AmountMismatch(Conflict):
    """The amount is not the one this order was charged for, or more than is left of it."""


class ChargeRequest(Schema):
    order_id = Id(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)
    method = fields.String(required=True, validate=validate.OneOf(PAYMENT_METHODS))


class OrderPayment(Schema):
    """Where the money of one order stands."""

    order_id = Id(required=True)
    payment_id = Id(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf((*PAYMENT_STATES, "none", "closed")))
    captured = Money(required=True)
    refunded = Money(required=True)
    currency = Currency(required=True, allow_none=True)


class RefundRequest(Schema):
    refund_id = Id(required=True)
    order_id = Id(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)


class RefundReply(Schema):
    refund_id = Id(required=True)
    status = fields.String(required=True, validate=validate.OneOf(("done",)))
    amount = Money(required=True)


class OrderRequest(Schema):
    order_id = Id(required=True)


CHARGE = Method("payment", "charge", ChargeRequest, OrderPayment, "internal",
                "Charge an order once, however often this is repeated.",
                refusals=(PaymentDeclined, PaymentClosed, AmountMismatch), deadline=10)
REFUND = Method("payment", "refund", RefundRequest, RefundReply, "internal",
                "Give money back once per refund_id.", refusals=(AmountMismatch,), deadline=10)
CLOSE = Method("payment", "close", OrderRequest, OrderPayment, "internal",
               "Take no more money for this order, and say what was taken.", deadline=10)
GET_STATUS = Method("payment", "get_status", OrderRequest, OrderPayment, "internal",
                    "Where the money of an order stands.", reads=True)
