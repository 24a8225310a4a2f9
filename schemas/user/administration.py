"""The methods for staff, about other people's accounts; and the one by which a member closes an account."""

from marshmallow import fields, validate

from schemas.base import Method, Nothing, Schema
from schemas.errors import Conflict, KeyReused, NotFound, TooOften
from schemas.fields import Cursor, Id, Moment, Reason, Secret, Text, Whole
from schemas.roles import HELD, ROLES
from schemas.user.fields import SHORTEST_PASSWORD, DisplayName, Username
from schemas.user.methods import LoginFailed, UsernameTaken

MOST_USERS = 100
MOST_ROLES = 50


class UnknownUser(NotFound):
    """There is no such account."""


class LastAdmin(Conflict):
    """This is the last admin of the house; make somebody else an admin first."""


class Account(Schema):
    """An account as staff see it."""

    user_id = Id(required=True)
    username = fields.String(required=True)
    display_name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True, metadata={
        "description": "for staff only: null in the answer to another room"})
    email_confirmed_at = Moment(required=True, allow_none=True)
    roles = fields.List(fields.String(), required=True, metadata={"description": "manager, or cook@kino-am-kanal"})
    created_at = Moment(required=True)
    removed_at = Moment(required=True, allow_none=True, metadata={
        "description": "removed or closed then: nobody signs in with it any more"})


class RoleRequest(Schema):
    """A role of an account, for the house or for one cinema."""

    user_id = Id(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    cinema_id = Id(metadata={"description": "left out: for the house, which is every cinema"})
    reason = Reason()


class UsersRequest(Schema):
    """The accounts wanted."""

    user_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=MOST_USERS))


class UsersReply(Schema):
    """The accounts in the order in which they were asked for, each once; unknown ones are left out."""

    users = fields.List(fields.Nested(Account), required=True)


class UsernameRequest(Schema):
    """A username in any spelling of it."""

    username = Text(200, required=True)


class SearchRequest(Schema):
    """A part of a username, display name or e-mail address, in any script and either case."""

    query = Text(100, required=True)
    cursor = Cursor(metadata={"description": "`next_cursor` of the page before; the same query belongs to it"})
    limit = Whole(load_default=20, validate=validate.Range(min=1, max=100))


class SearchReply(Schema):
    """One page of the accounts found, the newest first."""

    users = fields.List(fields.Nested(Account), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata={"description": "null at the end"})


class SaveRequest(Schema):
    """An account to open, or with `user_id` one to change: a field that is left out stays as it is, null empties it."""

    user_id = Id(metadata={"description": "left out: a new account"})
    username = Username(metadata={"description": "of a new account; it is kept for life"})
    password = Secret(128, least=SHORTEST_PASSWORD, metadata={"description": "of a new account"})
    display_name = DisplayName(allow_none=True)
    email = fields.Email(validate=validate.Length(max=254), allow_none=True)
    roles = fields.List(fields.String(validate=validate.Regexp(HELD, error="Not a role such as cook or cook@CINEMA.")),
                        validate=validate.Length(max=MOST_ROLES))
    reason = Reason()


class RemoveRequest(Schema):
    """The account to remove."""

    user_id = Id(required=True)
    reason = Reason()


class CloseRequest(Schema):
    """The account's password once more: closing can't be undone."""

    password = Secret(1024, required=True)


GRANT = Method("user", "grant", RoleRequest, Account, "admin",
               "Give an account a role, for the house or for one cinema; its holder has to sign in again.",
               refusals=(UnknownUser,), keyed=True)
WITHDRAW = Method("user", "withdraw", RoleRequest, Account, "admin",
                  "Take a role from an account, and sign its holder out everywhere.",
                  refusals=(UnknownUser, LastAdmin), keyed=True)
GET_USERS = Method("user", "get_users", UsersRequest, UsersReply, "staff",
                   "Up to 100 accounts by their ids, removed ones included.", reads=True, also_internal=True)
GET_BY_NAME = Method("user", "get_by_name", UsernameRequest, Account, "staff",
                     "The account with this username.", refusals=(UnknownUser,), reads=True)
SEARCH = Method("user", "search", SearchRequest, SearchReply, "staff",
                "Accounts by a part of their username, display name or e-mail address.", reads=True)
SAVE = Method("user", "save", SaveRequest, Account, "admin",
              "Open an account or change one, roles included; with other roles, its holder has to sign in again.",
              refusals=(UnknownUser, UsernameTaken, LastAdmin, KeyReused, TooOften), keyed=True, deadline=30)
REMOVE = Method("user", "remove", RemoveRequest, Nothing, "admin",
                "Remove an account: nobody signs in with it or gets its username; orders and ledgers stay.",
                refusals=(UnknownUser, LastAdmin), keyed=True)
CLOSE_ACCOUNT = Method("user", "close_account", CloseRequest, Nothing, "buyer",
                       "Close my account for good: what says who I am is deleted, orders stay in the books.",
                       refusals=(LoginFailed, LastAdmin, TooOften), deadline=30)
