"""The contract of the account room: what a member sees of all rooms, in one reply."""

from marshmallow import fields, validate

from schemas.base import Method, Nothing, Schema
from schemas.fields import Moment, Predumped, Whole
from schemas.loyalty.check_ins import CheckInState
from schemas.loyalty.points import PointsReply
from schemas.order import NextTickets, Order
from schemas.user import Profile
from schemas.wallet import Balance

PARTS = ("profile", "next_tickets", "open_orders", "points", "check_in", "wallet", "unread_messages")


class Overview(Schema):
    """A member's account. A part whose room gives no answer in time is null, and `unavailable` names it."""

    profile = Predumped(Profile, required=True, allow_none=True)
    next_tickets = fields.List(Predumped(NextTickets), required=True, allow_none=True, metadata={
        "description": "up to 3 paid orders whose screening is not over, the first to start at the head"})
    open_orders = fields.List(Predumped(Order), required=True, allow_none=True, metadata={
        "description": "unpaid orders, the newest first"})
    points = Predumped(PointsReply, required=True, allow_none=True)
    check_in = Predumped(CheckInState, required=True, allow_none=True)
    wallet = Predumped(Balance, many=True, required=True, allow_none=True)
    unread_messages = Whole(required=True, allow_none=True)
    unavailable = fields.List(fields.String(validate=validate.OneOf(PARTS)), required=True)
    server_time = Moment(required=True)


GET_OVERVIEW = Method("account", "get_overview", Nothing, Overview, "buyer",
                      "My account in all rooms: profile, tickets, open orders, points, check-in, wallet, messages.",
                      reads=True)
