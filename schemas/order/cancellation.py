"""Cancelling a screening, which ends its orders."""


from marshmallow import fields

from schemas.base import Method, Schema
from schemas.fields import Currency, Id, Moment, Money, Reason, Whole
from schemas.film import UnknownScreening
from schemas.order.refusals import GuestsAdmitted


class CancelScreeningRequest(Schema):
    """A screening to cancel, or in a dry run only to sum up."""

    screening_id = Id(required=True)
    dry_run = fields.Boolean(load_default=True, metadata={"description": "change nothing, only sum up"})
    reason = Reason(metadata={"description": "why it is cancelled, for the operation log"})
    although_admitted = fields.Boolean(load_default=False, metadata={
        "description": "cancel also when guests are in already, as when the projector fails"})


class CancelScreeningReply(Schema):
    """The orders that are still to be ended. They end one by one: call again to see how many are left."""

    screening_id = Id(required=True)
    dry_run = fields.Boolean(required=True)
    cancelled_at = Moment(required=True, allow_none=True, metadata={"description": "null: it is not cancelled"})
    unpaid_orders = Whole(required=True)
    paid_orders = Whole(required=True)
    orders_being_refunded = Whole(required=True)
    orders_in_review = Whole(required=True, metadata={"description": "a person must look at these"})
    admitted = Whole(required=True, metadata={"description": "guests who are in"})
    amount = Money(required=True, metadata={"description": "to be refunded for the paid orders"})
    currency = Currency(required=True, allow_none=True, metadata={"description": "null: nothing is paid"})


class CancelledScreening(Schema):
    """The body of `screening.cancelled`."""

    screening_id = Id(required=True)
    cancelled_at = Moment(required=True)


CANCEL_SCREENING = Method("order", "cancel_screening", CancelScreeningRequest, CancelScreeningReply, "manager",
                          "Cancel a screening: sell nothing more, end its orders, give everything back.",
                          refusals=(UnknownScreening, GuestsAdmitted), keyed=True, deadline=15, uses_reserve=True)
