"""The user room: accounts, tokens, roles."""

import hashlib
import re

from marshmallow import fields, validate

from schemas.base import Announcement, Method, Nothing, Schema
from schemas.errors import Conflict, TooOften, Unauthenticated
from schemas.fields import Id, Moment, Text

USERNAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}\Z")
SHORTEST_PASSWORD = 8  # characters, once it is normalized


def token_id(token: str) -> str:
    """The name under which a token is known to everyone but its holder: its SHA-256, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


class UsernameTaken(Conflict):
    """This username belongs to someone already."""


class LoginFailed(Unauthenticated):
    """The username or the password is wrong."""


class RegisterRequest(Schema):
    username = fields.String(
        required=True,
        validate=validate.Regexp(USERNAME, error="3 to 32 of letters, digits, dot, dash, underscore."),
    )
    password = Text(128, least=SHORTEST_PASSWORD, required=True)
    display_name = Text(80)
    email = fields.Email(validate=validate.Length(max=254))


class RegisterReply(Schema):
    user_id = Id(required=True)
    username = fields.String(required=True)


class LoginRequest(Schema):
    username = Text(200, required=True)
    password = Text(1024, required=True)


class Profile(Schema):
    user_id = Id(required=True)
    username = fields.String(required=True)
    display_name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    roles = fields.List(fields.String(), required=True)
    created_at = Moment(required=True)


class LoginReply(Schema):
    token = fields.String(required=True)
    expires_at = Moment(required=True)
    user = fields.Nested(Profile, required=True)


class AuthorizeRequest(Schema):
    token = Text(200, required=True)


class AuthorizeReply(Schema):
    user_id = Id(required=True)
    username = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    expires_at = Moment(required=True)


class UpdateProfileRequest(Schema):
    display_name = Text(80, allow_none=True)
    email = fields.Email(validate=validate.Length(max=254), allow_none=True)


class ContactRequest(Schema):
    user_id = Id(required=True)


class Contact(Schema):
    """How to write to someone; both are null where there is no such account."""

    user_id = Id(required=True)
    display_name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True, metadata={"description": "null: write nothing"})


REGISTER = Method("user", "register", RegisterRequest, RegisterReply, "public",
                  "Open an account.", refusals=(UsernameTaken,), keyed=True, deadline=30)
LOGIN = Method("user", "login", LoginRequest, LoginReply, "public",
               "Sign in: a bearer token for the account.", refusals=(LoginFailed, TooOften), deadline=30)
AUTHORIZE = Method("user", "authorize", AuthorizeRequest, AuthorizeReply, "public",
                   "Whose token this is, and what they may do.", refusals=(Unauthenticated,), reads=True)
LOGOUT = Method("user", "logout", Nothing, Nothing, "buyer",
                "Sign out: the token used for this call is worthless from now on.")
GET_PROFILE = Method("user", "get_profile", Nothing, Profile, "buyer", "My account.", reads=True)
UPDATE_PROFILE = Method("user", "update_profile", UpdateProfileRequest, Profile, "buyer",
                        "Change my display name or e-mail address; fields left out stay as they are.", keyed=True)
GET_CONTACT = Method("user", "get_contact", ContactRequest, Contact, "internal",
                     "How to write to an account's holder.", reads=True)

TOKENS_REVOKED = Announcement("user", "tokens_revoked", about="the token_id of each")
