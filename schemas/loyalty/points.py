"""Points: what members have, how they came and went, and how they become money."""

from marshmallow import fields, validate

from schemas.base import Event, Method, Nothing, Schema
from schemas.errors import Conflict, Invalid
from schemas.fields import LARGEST_AMOUNT, Currency, Cursor, Id, Moment, Money, Whole

ENTRY_KINDS = ("earned", "taken_back", "check_in", "redeemed")
# Why points came or went: an order was paid; it was given back as its buyer asked, with its screening, or through the
# bank; the member checked in; the member redeemed points.
ENTRY_REASONS = ("paid", "asked", "screening_cancelled", "reversed", "checked_in", "redeemed")
ENTRIES_AT_MOST = 100


class NotEnoughPoints(Conflict):
    """You do not have that many points; `balance` says how many."""


class PointsNotRedeemable(Invalid):
    """Points are redeemed in whole steps, for money of certain currencies; `rates` has them."""


class Rate(Schema):
    """So many `points` become `amount` minor units of wallet money; they are redeemed in multiples of `points`."""

    points = Whole(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)


class PointsReply(Schema):
    """A member's points; below zero when redeemed points were taken back with a refund."""

    balance = Whole(required=True)
    lifetime = Whole(required=True, metadata={
        "description": "all that was earned, less what refunds took back; redeeming leaves it as it is"})
    tier = fields.String(required=True, allow_none=True, metadata={"description": "by `lifetime`; null: none yet"})
    rates = fields.List(fields.Nested(Rate), required=True, metadata={"description": "at which points are redeemed"})
    server_time = Moment(required=True)


class EntriesRequest(Schema):
    """Which of my entries are wanted, a page at a time."""

    cursor = Cursor(metadata={"description": "`next_cursor` of the page before"})
    limit = Whole(load_default=20, validate=validate.Range(min=1, max=ENTRIES_AT_MOST))


class PointsEntry(Schema):
    """One movement of points; those that went are negative."""

    entry_id = Id(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(ENTRY_KINDS))
    points = Whole(required=True)
    order_id = Id(required=True, allow_none=True)
    occurred_at = Moment(required=True)
    reason = fields.String(required=True, validate=validate.OneOf(ENTRY_REASONS))


class EntriesReply(Schema):
    """One page of a member's entries, the newest first."""

    entries = fields.List(fields.Nested(PointsEntry), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata={"description": "null at the end"})


class RedeemRequest(Schema):
    """How many points are to become wallet money, and in which currency."""

    points = Whole(required=True, validate=validate.Range(min=1, max=LARGEST_AMOUNT))
    currency = Currency(metadata={"description": "that of the first of `rates`, unless given"})


class Redemption(Schema):
    """Points that have become money, which is in the wallet a moment later."""

    redemption_id = Id(required=True)
    points = Whole(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)
    balance = Whole(required=True, metadata={"description": "the points that are left"})
    server_time = Moment(required=True)


class Redeemed(Schema):
    """The body of the event `loyalty.redeemed`: these points are gone, and the wallet owes the amount."""

    redemption_id = Id(required=True)
    user_id = Id(required=True)
    points = Whole(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)


GET_POINTS = Method("loyalty", "get_points", Nothing, PointsReply, "buyer", "My points.", reads=True)
GET_ENTRIES = Method("loyalty", "get_entries", EntriesRequest, EntriesReply, "buyer",
                     "How my points came and went, the newest first.", reads=True)
REDEEM = Method("loyalty", "redeem", RedeemRequest, Redemption, "buyer",
                "Turn points into wallet money, all of them or none.",
                refusals=(NotEnoughPoints, PointsNotRedeemable), keyed=True)
REDEEMED = Event("loyalty", "loyalty.redeemed", 1, Redeemed, "A member's points have become money for the wallet.")
