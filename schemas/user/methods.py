"""The methods to open an account, sign in, keep a profile and confirm an address; and those for other rooms."""

from marshmallow import fields, validate

from schemas.base import Method, Nothing, Schema
from schemas.errors import Conflict, TooOften, Unauthenticated
from schemas.fields import Id, Moment, ReaderLanguage, Secret, Text, TimeZone, Whole
from schemas.user.fields import OF_MAILS, SHORTEST_PASSWORD, DisplayName, TokenOfGuest, Username


class UsernameTaken(Conflict):
    """This username belongs to someone already."""


class LoginFailed(Unauthenticated):
    """The username or the password is wrong."""


class SecondFactorMissing(Unauthenticated):
    """The password is right, and this account needs a code of its authenticator app, too."""


class SecondFactorWrong(Unauthenticated):
    """This code is wrong, too old, or was used before."""


class ConfirmationOver(Conflict):
    """This link is too old, another was used, or it was sent to another address than the account has now."""


class NothingToConfirm(Conflict):
    """The account has no e-mail address, or a confirmed one."""


class RegisterRequest(Schema):
    """The account to open; name and e-mail address may be left out."""

    username = Username(required=True, metadata={
        "description": "letters of one script, digits, dot, dash, underscore; 2 or 3 to 32 of them"})
    password = Secret(128, least=SHORTEST_PASSWORD, required=True)
    display_name = DisplayName()
    email = fields.Email(validate=validate.Length(max=254))
    language = ReaderLanguage(metadata={"description": "of our mails; left out: that of the guest, or the house's"})
    guest_token = TokenOfGuest()


class RegisterReply(Schema):
    """The new account."""

    user_id = Id(required=True)
    username = fields.String(required=True)


class LoginRequest(Schema):
    """The username or e-mail address, and the password, as they were typed."""

    username = Text(254, required=True, metadata={"description": "or the account's confirmed e-mail address"})
    password = Secret(1024, required=True)
    second_factor = Secret(64, metadata={
        "description": "a code of the authenticator app, or a recovery code, if the account has a second factor"})
    device = Secret(200, metadata={"description": "from an earlier reply: wrong passwords that others try on this "
                                                 "account then do not keep the device waiting"})
    guest_token = TokenOfGuest()


class Profile(Schema):
    """An account as its owner sees it."""

    user_id = Id(required=True)
    username = fields.String(required=True)
    display_name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    email_confirmed_at = Moment(required=True, allow_none=True, metadata={
        "description": "null: nothing is sent to the address until its owner has opened the link mailed there"})
    time_zone = fields.String(required=True, allow_none=True, metadata={"description": "IANA name; null: not chosen"})
    language = ReaderLanguage(required=True, allow_none=True, metadata=OF_MAILS)
    roles = fields.List(fields.String(), required=True)
    created_at = Moment(required=True)


class LoginReply(Schema):
    """A bearer token, when it ends, and the account it belongs to."""

    token = fields.String(required=True)
    expires_at = Moment(required=True)
    user = fields.Nested(Profile, required=True)
    device = fields.String(metadata={"description": "to keep, and to send when signing in again from this device"})


class AuthorizeRequest(Schema):
    """The bearer token of a call, as the gateway received it."""

    token = Secret(200, required=True, metadata={"description": "without it, the bearer token of the request counts"})


class AuthorizeReply(Schema):
    """The account and roles that a token stands for, and when it ends. The token of a guest has the role `guest`."""

    user_id = Id(required=True)
    username = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    expires_at = Moment(required=True)
    second_factor_required = fields.Boolean(required=True, metadata={
        "description": "the account has no second factor and needs one: until then it has no roles"})


class UpdateProfileRequest(Schema):
    """The fields to change; a field that is left out stays as it is, null empties it."""

    display_name = DisplayName(allow_none=True)
    email = fields.Email(validate=validate.Length(max=254), allow_none=True)
    time_zone = TimeZone(allow_none=True, metadata={"description": "by whose clock my days begin"})
    language = ReaderLanguage(allow_none=True, metadata=OF_MAILS)


class ConfirmEmailRequest(Schema):
    """The token in the link that was mailed to the address."""

    token = Secret(200, required=True, metadata={"description": "of the link that was mailed"})


class ContactRequest(Schema):
    """The account whose holder is to be written to."""

    user_id = Id(required=True)


class Contact(Schema):
    """The name and address of an account's holder, or of a guest, who has no name; null if there is no such account."""

    user_id = Id(required=True)
    display_name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True, metadata={"description": "confirmed; null: write nothing"})
    unconfirmed = fields.Boolean(required=True, metadata={"description": "an address waits to be confirmed"})
    guest = fields.Boolean(required=True, metadata={"description": "without an account: mails have a link that opens "
                                                                   "the order"})
    language = ReaderLanguage(allow_none=True, metadata=OF_MAILS)


class ConfirmationRequest(Schema):
    """The account whose address is to be confirmed, for the event with this number."""

    user_id = Id(required=True)
    number = Whole(required=True, metadata={"description": "of the event that asks for it; only the last one counts"})


class Confirmation(Schema):
    """An address and the token that confirms it; both are null if there is nothing to confirm."""

    email = fields.String(required=True, allow_none=True)
    token = fields.String(required=True, allow_none=True)
    language = ReaderLanguage(allow_none=True, metadata=OF_MAILS)


REGISTER = Method("user", "register", RegisterRequest, RegisterReply, "public",
                  "Open an account.", refusals=(UsernameTaken, TooOften), keyed=True, deadline=30)
LOGIN = Method("user", "login", LoginRequest, LoginReply, "public",
               "Sign in: a bearer token for the account.",
               refusals=(LoginFailed, SecondFactorMissing, SecondFactorWrong, TooOften), deadline=30, uses_reserve=True)
AUTHORIZE = Method("user", "authorize", AuthorizeRequest, AuthorizeReply, "public",
                   "The account and roles that a token stands for.", refusals=(Unauthenticated,), reads=True)
LOGOUT = Method("user", "logout", Nothing, Nothing, "guest",
                "Sign out: the token of this call is not valid any more.", uses_reserve=True)
GET_PROFILE = Method("user", "get_profile", Nothing, Profile, "buyer", "My account.", reads=True)
UPDATE_PROFILE = Method("user", "update_profile", UpdateProfileRequest, Profile, "buyer",
                        "Change my display name, e-mail address, time zone or language; a field left out stays.",
                        refusals=(TooOften,), keyed=True)
CONFIRM_EMAIL = Method("user", "confirm_email", ConfirmEmailRequest, Nothing, "public",
                       "Confirm an e-mail address with the token that was mailed there; repeating it changes nothing.",
                       refusals=(ConfirmationOver,), uses_reserve=True)
SEND_CONFIRMATION = Method("user", "send_confirmation", Nothing, Nothing, "buyer",
                           "Mail me another link that confirms my e-mail address.",
                           refusals=(NothingToConfirm, TooOften), keyed=True)
GET_CONTACT = Method("user", "get_contact", ContactRequest, Contact, "internal",
                     "How to write to an account's holder.", reads=True)

ISSUE_CONFIRMATION = Method("user", "issue_confirmation", ConfirmationRequest, Confirmation, "internal",
                            "A new token to confirm an account's address with, to be mailed there and nowhere else.")
