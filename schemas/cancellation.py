"""Cancelling a screening: the order room ends its orders. Apart from schemas/order.py only because that is long."""

from marshmallow import fields

from schemas.base import Method, Schema
from schemas.fields import Currency, Id, Moment, Money, Whole
from schemas.film import UnknownScreening


class CancelScreeningRequest(Schema):
    screening_id = Id(required=True)
    dry_run = fields.Boolean(load_default=True, metadata={"description": "only say what would happen"})


class CancelScreeningReply(Schema):
    """What is, or in a dry run would be, still to be done. Orders are ended one by one: ask again to see how far."""

    screening_id = Id(required=True)
    dry_run = fields.Boolean(required=True)
    cancelled_at = Moment(required=True, allow_none=True, metadata={"description": "null: it was not cancelled"})
    unpaid_orders = Whole(required=True)
    paid_orders = Whole(required=True)
    orders_being_refunded = Whole(required=True)
    orders_in_review = Whole(required=True, metadata={"description": "a person must look at these"})
    amount = Money(required=True, metadata={"description": "to give back for the paid orders"})
    currency = Currency(required=True, allow_none=True, metadata={"description": "null: nothing is paid"})


class CancelledScreening(Schema):
    screening_id = Id(required=True)
    cancelled_at = Moment(required=True)


CANCEL_SCREENING = Method("order", "cancel_screening", CancelScreeningRequest, CancelScreeningReply, "staff",
                          "Cancel a screening: sell nothing more, end its orders, give everything back.",
                          refusals=(UnknownScreening,), keyed=True, deadline=15)
