"""The events of the payment room: how attempts to pay have ended."""

from marshmallow import fields, validate

from schemas.base import Event, Schema
from schemas.fields import Currency, Id, Money
from schemas.operation_log import operated


class PaymentEvent(Schema):
    """How an attempt to pay an order ended."""

    payment_id = Id(required=True)
    order_id = Id(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)
    provider = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True,
                           metadata={"description": "why it failed (insufficient_funds, ...) or is in review"})


class DismissedPayment(PaymentEvent):
    """A payment that does not count, because a person has decided so."""

    given_back = Money(required=True, metadata={"description": "what its provider had taken and now returns"})


class ReversedPayment(PaymentEvent):
    """A payment whose money was reversed, and whose order ends because a person has decided so."""

    reason = fields.String(required=True, validate=validate.OneOf(("refund", "dispute")),
                           metadata={"description": "a refund made at the provider by hand, or a dispute"})


CAPTURED = Event("payment", "payment.captured", 1, PaymentEvent, "The money for an order was taken.")
FAILED = Event("payment", "payment.failed", 1, PaymentEvent, "An attempt to pay failed; another may begin.")
REVIEW = Event("payment", "payment.review", 1, PaymentEvent,
               "Something is wrong with the money at the provider; a person has to look.")
DISMISSED = Event("payment", "payment.dismissed", 1, DismissedPayment,
                  "A person has looked: the payment does not count, and the order takes no more money.")
REVERSED = Event("payment", "payment.reversed", 1, ReversedPayment,
                 "The money was reversed at the provider, and a person has decided that its tickets are void.")
OPERATED = operated("payment")
