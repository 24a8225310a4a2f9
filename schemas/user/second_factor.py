"""The second factor of an account: codes of an authenticator app (TOTP, RFC 6238), and recovery codes."""

from typing import Any

from marshmallow import fields

from schemas.base import Method, Nothing, Schema
from schemas.errors import Conflict, Forbidden, TooOften
from schemas.fields import Moment, Secret, Whole
from schemas.user.guests import OPEN_ORDER, START_GUEST
from schemas.user.methods import GET_PROFILE, LOGIN, LOGOUT, SecondFactorMissing, SecondFactorWrong
from schemas.user.self_service import WrongPassword


class SecondFactorRequired(Forbidden):
    """Your account needs a second factor before it may do anything else."""


class SecondFactorStays(Conflict):
    """Staff need a second factor: set up another one instead of removing this one."""


class SecondFactorNotBegun(Conflict):
    """There is no new second factor to confirm, or it was begun too long ago; begin once more."""


class SecondFactorOff(Conflict):
    """No second factor can be set up here: the operator has set no key to keep it with."""


def Code(**options: Any) -> fields.String:  # noqa: N802
    """A field for a code of the authenticator app, or a recovery code; spaces, dashes and case don't matter."""
    return Secret(64, **options)


class SecondFactor(Schema):
    """The second factor of my account."""

    since = Moment(required=True, allow_none=True, metadata={"description": "null: there is none"})
    recovery_codes_left = Whole(required=True)
    required = fields.Boolean(required=True, metadata={"description": "without one I may do nothing else"})


class BeginSecondFactorRequest(Schema):
    """My password once more, and a code of the second factor that is to be replaced, if there is one."""

    password = Secret(1024, required=True)
    second_factor = Code()


class BeginSecondFactorReply(Schema):
    """The secret for the authenticator app, in three forms. It is never shown again."""

    secret = fields.String(required=True, metadata={"description": "in base32, to type"})
    uri = fields.String(required=True, metadata={"description": "otpauth://..., to open"})
    svg = fields.String(required=True, metadata={"description": "that URI as a QR code, to scan"})
    expires_at = Moment(required=True, metadata={"description": "until when it can be confirmed"})


class ConfirmSecondFactorRequest(Schema):
    """A code of the authenticator app that has the new secret."""

    second_factor = Code(required=True)


class ConfirmSecondFactorReply(Schema):
    """The codes that recover the account, each of them once; they are never shown again. A new token, for every other
    has ended.
    """

    recovery_codes = fields.List(fields.String(), required=True)
    token = fields.String(required=True)
    expires_at = Moment(required=True)


class RemoveSecondFactorRequest(Schema):
    """My password once more, and a code."""

    password = Secret(1024, required=True)
    second_factor = Code(required=True)


GET_SECOND_FACTOR = Method("user", "get_second_factor", Nothing, SecondFactor, "buyer",
                           "Whether my account has a second factor, and needs one.", reads=True)
BEGIN_SECOND_FACTOR = Method(
    "user", "begin_second_factor", BeginSecondFactorRequest, BeginSecondFactorReply, "buyer",
    "Get a secret for an authenticator app; it counts once it is confirmed, and any other counts until then.",
    refusals=(WrongPassword, SecondFactorMissing, SecondFactorWrong, SecondFactorOff, TooOften), deadline=30)
CONFIRM_SECOND_FACTOR = Method(
    "user", "confirm_second_factor", ConfirmSecondFactorRequest, ConfirmSecondFactorReply, "buyer",
    "Use the new secret from now on. All sessions end, and the answer has a new token and the recovery codes.",
    refusals=(SecondFactorNotBegun, SecondFactorWrong, TooOften))
REMOVE_SECOND_FACTOR = Method(
    "user", "remove_second_factor", RemoveSecondFactorRequest, Nothing, "buyer",
    "Sign in without a second factor from now on; staff who need one can't.",
    refusals=(WrongPassword, SecondFactorWrong, SecondFactorStays, TooOften), deadline=30)

# What an account without a second factor that it needs may do.
ENROLMENT = frozenset({GET_SECOND_FACTOR, BEGIN_SECOND_FACTOR, CONFIRM_SECOND_FACTOR, GET_PROFILE, LOGOUT})
SIGN_IN = frozenset({LOGIN, CONFIRM_SECOND_FACTOR, START_GUEST, OPEN_ORDER})  # their replies have a token
