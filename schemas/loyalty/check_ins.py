"""The daily check-in: seven days make a cycle, and each has its reward."""

from marshmallow import fields, validate

from schemas.base import Event, Method, Nothing, Schema
from schemas.fields import Currency, Day, Id, Moment, Money, TimeZone, Whole

REWARD_KINDS = ("points", "wallet")
DAY_STATES = ("done", "missed", "open")
DAYS_OF_A_CYCLE = 7
DAYS_AT_MOST = 366


class Reward(Schema):
    """What a check-in earns: points, or money in the wallet."""

    kind = fields.String(required=True, validate=validate.OneOf(REWARD_KINDS))
    points = Whole(validate=validate.Range(min=1), metadata={"description": "of a reward in points"})
    amount = Money(metadata={"description": "of a reward in wallet money, in minor units"})
    currency = Currency()


class CheckIn(Schema):
    """Today's check-in, with its place among the seven days of a cycle."""

    day = Whole(required=True, validate=validate.Range(min=1, max=DAYS_OF_A_CYCLE))
    cycle = Whole(required=True, metadata={"description": "its number, from 1; a missed day begins another"})
    reward = fields.Nested(Reward, required=True)
    checked_in_at = Moment(required=True)
    next_at = Moment(required=True, metadata={"description": "when the member's next day begins"})


class CheckInState(Schema):
    """Whether I have checked in today, and what the seven days are worth."""

    done = fields.Boolean(required=True, metadata={"description": "today"})
    day = Whole(required=True, metadata={"description": "of the cycle: today's, done or to be done"})
    cycle = Whole(required=True)
    rewards = fields.List(fields.Nested(Reward), required=True, metadata={"description": "of days 1 to 7"})
    streak = Whole(required=True, metadata={"description": "days in a row so far; today counts once it is done"})
    local_date = Day(required=True, metadata={"description": "today, in the member's zone"})
    time_zone = TimeZone(required=True)
    checked_in_at = Moment(required=True, allow_none=True, metadata={"description": "null: not yet today"})
    next_at = Moment(required=True, metadata={"description": "when the member's next day begins"})
    server_time = Moment(required=True)


class CheckInsRequest(Schema):
    """A member and the days wanted, in the member's zone: `from` to `to`, both included, at most 366."""

    class Meta(Schema.Meta):
        include = {"from": Day(required=True), "to": Day(required=True)}  # `from` is Python's word

    user_id = Id(required=True)


class CheckInDay(Schema):
    """One day of a member, and what its check-in earned."""

    local_date = Day(required=True)
    status = fields.String(required=True, validate=validate.OneOf(DAY_STATES), metadata={
        "description": "open: not over yet"})
    day = Whole(required=True, allow_none=True, metadata={"description": "of the cycle; null unless done"})
    cycle = Whole(required=True, allow_none=True)
    reward = fields.Nested(Reward, required=True, allow_none=True)
    checked_in_at = Moment(required=True, allow_none=True)


class CheckInsReply(Schema):
    """A member's days, the earliest first, and how many of them were done and missed."""

    user_id = Id(required=True)
    time_zone = TimeZone(required=True)
    done = Whole(required=True)
    missed = Whole(required=True)
    days = fields.List(fields.Nested(CheckInDay), required=True)


class CheckedIn(Schema):
    """The body of the event `loyalty.checked_in`; the room that the reward is for books it once."""

    check_in_id = Id(required=True)
    user_id = Id(required=True)
    local_date = Day(required=True)
    day = Whole(required=True)
    cycle = Whole(required=True)
    reward = fields.Nested(Reward, required=True)


CHECK_IN = Method("loyalty", "check_in", Nothing, CheckIn, "buyer",
                  "Check in for today; a second time the same day gets the first answer.")
GET_CHECK_IN = Method("loyalty", "get_check_in", Nothing, CheckInState, "buyer",
                      "Whether I have checked in today, my streak, and the seven rewards.", reads=True)
GET_CHECK_INS = Method("loyalty", "get_check_ins", CheckInsRequest, CheckInsReply, "staff",
                       "A member's days, each done or missed, with the rewards.", reads=True)
CHECKED_IN = Event("loyalty", "loyalty.checked_in", 1, CheckedIn,
                   "A member has checked in; a reward is to be booked.")
