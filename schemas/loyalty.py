"""The contract of the loyalty room: the events of a check-in and of redeemed points."""

from marshmallow import fields, validate

from schemas.base import Event, Schema
from schemas.fields import Currency, Id, Money, Whole

REWARD_KINDS = ("points", "wallet")


class Reward(Schema):
    """What a check-in earns: points, or money in the wallet."""

    kind = fields.String(required=True, validate=validate.OneOf(REWARD_KINDS))
    points = Whole(validate=validate.Range(min=1), metadata={"description": "of a reward in points"})
    amount = Money(metadata={"description": "of a reward in wallet money, in minor units"})
    currency = Currency()


class CheckedIn(Schema):
    """The body of the event `loyalty.checked_in`; the room that the reward is for books it once."""

    check_in_id = Id(required=True)
    user_id = Id(required=True)
    local_date = fields.Date(required=True)
    day = Whole(required=True)
    cycle = Whole(required=True)
    reward = fields.Nested(Reward, required=True)


class Redeemed(Schema):
    """The body of the event `loyalty.redeemed`: these points are gone, and the wallet owes the amount."""

    redemption_id = Id(required=True)
    user_id = Id(required=True)
    points = Whole(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)


CHECKED_IN = Event("loyalty", "loyalty.checked_in", 1, CheckedIn, "A member has checked in: book the reward.")
REDEEMED = Event("loyalty", "loyalty.redeemed", 1, Redeemed, "A member's points have become money for the wallet.")
