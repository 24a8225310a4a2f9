"""The methods by which members care for their own accounts: passwords, sessions, postal addresses."""

from typing import Any

from marshmallow import fields, validate

from schemas.base import Method, Nothing, Schema
from schemas.errors import Conflict, Forbidden, NotFound, TooOften
from schemas.fields import Id, Moment, ReaderLanguage, Secret, Text, Whole
from schemas.user.fields import OF_MAILS, SHORTEST_PASSWORD

MOST_ADDRESSES = 10


class WrongPassword(Forbidden):
    """This is not the password of your account."""


class PasswordResetOver(Conflict):
    """This link is too old, it or another one was used, or the account has another address now."""


class UnknownAddress(NotFound):
    """You have no such address."""


class TooManyAddresses(Conflict):
    """You have as many addresses as an account can have; remove one first."""


def NewPassword(**options: Any) -> fields.String:  # noqa: N802
    """A field for a password that is chosen now."""
    return Secret(128, least=SHORTEST_PASSWORD, required=True, **options)


class ChangePasswordRequest(Schema):
    """The password of now, and the one of from now on."""

    old_password = Secret(1024, required=True)
    new_password = NewPassword()


class PasswordResetRequest(Schema):
    """The account whose password is forgotten."""

    username = Text(254, required=True, metadata={
        "description": "or the account's confirmed e-mail address, or the one of before"})


class ResetPasswordRequest(Schema):
    """The token in the link that was mailed, and the password of from now on."""

    token = Secret(200, required=True, metadata={"description": "of the link that was mailed"})
    new_password = NewPassword()


class PasswordResetIssue(Schema):
    """The account that a link is mailed for, and the number of the event that asks for it."""

    user_id = Id(required=True)
    number = Whole(required=True, metadata={"description": "of the event that asks for it; only the last one counts"})


class PasswordReset(Schema):
    """Where to mail the link, for which account, and its token; all are null if there is nothing to mail any more."""

    email = fields.String(required=True, allow_none=True)
    username = fields.String(required=True, allow_none=True)
    token = fields.String(required=True, allow_none=True)
    language = ReaderLanguage(allow_none=True, metadata=OF_MAILS)


class Session(Schema):
    """A token of mine that signs in somewhere."""

    session_id = Id(required=True)
    issued_at = Moment(required=True)
    expires_at = Moment(required=True)
    device = fields.String(required=True, allow_none=True, metadata={
        "description": "the User-Agent that signed in, as it called itself; null if it did not"})
    current = fields.Boolean(required=True, metadata={"description": "the session of this call"})


class SessionsReply(Schema):
    """My sessions, the newest first."""

    sessions = fields.List(fields.Nested(Session), required=True)


class EndSessionRequest(Schema):
    """The session to end."""

    session_id = Id(required=True)


class PostalFields(Schema):
    """A postal address as it stands on a receipt."""

    name = Text(100, required=True, metadata={"description": "of a person or a company"})
    street = Text(200, required=True, metadata={"description": "street and number, in as many lines as it takes"})
    postal_code = Text(16, allow_none=True, load_default=None)
    city = Text(100, required=True)
    region = Text(100, allow_none=True, load_default=None, metadata={"description": "state, province, prefecture"})
    country = fields.String(required=True, metadata={"description": "ISO 3166-1, such as FR"},
                            validate=validate.Regexp(r"^[A-Z]{2}\Z", error="Not a country such as FR."))


class SaveAddressRequest(PostalFields):
    """The whole address; with `address_id` it replaces that one, without it is a new one."""

    address_id = Id()


class PostalAddress(PostalFields):
    """One of my addresses."""

    address_id = Id(required=True)


class AddressesReply(Schema):
    """My addresses, the oldest first."""

    addresses = fields.List(fields.Nested(PostalAddress), required=True)


class RemoveAddressRequest(Schema):
    """The address to remove."""

    address_id = Id(required=True)


class FormerEmailRequest(Schema):
    """The account whose address was changed, by the event with this number."""

    user_id = Id(required=True)
    number = Whole(required=True, metadata={"description": "of the event that says so"})


class FormerEmail(Schema):
    """The confirmed address of before; null when it is not kept any more."""

    email = fields.String(required=True, allow_none=True)
    language = ReaderLanguage(allow_none=True, metadata=OF_MAILS)


CHANGE_PASSWORD = Method("user", "change_password", ChangePasswordRequest, Nothing, "buyer",
                         "Change my password; all my other sessions end at once.",
                         refusals=(WrongPassword, TooOften), deadline=30, uses_reserve=True)
REQUEST_PASSWORD_RESET = Method(
    "user", "request_password_reset", PasswordResetRequest, Nothing, "public",
    "Mail a link that sets a new password to the account's confirmed address, or for seven days to the one that it "
    "replaced; the answer does not say whether there is such an account.", refusals=(TooOften,))
RESET_PASSWORD = Method("user", "reset_password", ResetPasswordRequest, Nothing, "public",
                        "Set a new password with the token that was mailed; all sessions of the account end at once.",
                        refusals=(PasswordResetOver, TooOften), deadline=30, uses_reserve=True)
GET_SESSIONS = Method("user", "get_sessions", Nothing, SessionsReply, "buyer", "Where I am signed in.", reads=True)
END_SESSION = Method("user", "end_session", EndSessionRequest, Nothing, "buyer",
                     "Sign out elsewhere: that session ends at once; one that has ended stays so.", uses_reserve=True)
GET_ADDRESSES = Method("user", "get_addresses", Nothing, AddressesReply, "buyer", "My postal addresses.", reads=True)
SAVE_ADDRESS = Method("user", "save_address", SaveAddressRequest, PostalAddress, "buyer",
                      f"Add a postal address, up to {MOST_ADDRESSES}, or change one.",
                      refusals=(UnknownAddress, TooManyAddresses), keyed=True)
REMOVE_ADDRESS = Method("user", "remove_address", RemoveAddressRequest, Nothing, "buyer",
                        "Remove a postal address; one that is gone stays so.", uses_reserve=True)

GET_FORMER_EMAIL = Method("user", "get_former_email", FormerEmailRequest, FormerEmail, "internal",
                          "The confirmed address that an account had before a change, to write there about it.",
                          reads=True)
ISSUE_PASSWORD_RESET = Method("user", "issue_password_reset", PasswordResetIssue, PasswordReset, "internal",
                              "A new token to set a new password with, to be mailed to the address that comes with "
                              "it and nowhere else.")
