"""Points and check-in of a member together, for a room that shows both."""

from marshmallow import fields

from schemas.base import Method, Schema
from schemas.fields import Id
from schemas.loyalty.check_ins import CheckInState
from schemas.loyalty.points import PointsReply


class StandingRequest(Schema):
    """The member."""

    user_id = Id(required=True)


class Standing(Schema):
    """What a member has, and whether they have checked in today."""

    points = fields.Nested(PointsReply, required=True)
    check_in = fields.Nested(CheckInState, required=True)


GET_STANDING = Method("loyalty", "get_standing", StandingRequest, Standing, "internal",
                      "A member's points and check-in in one answer.", reads=True)
