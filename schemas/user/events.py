"""The events of the user room, and its announcement that tokens are revoked."""

from marshmallow import fields

from schemas.base import Announcement, Event, Schema
from schemas.fields import Id
from schemas.operation_log import operated


class EmailEvent(Schema):
    """The body of the events about an address, which it leaves out: the sender of a mail asks for the address then."""

    user_id = Id(required=True)


class AccountEvent(Schema):
    """The body of the event that an account has ended."""

    user_id = Id(required=True)


class GuestEvent(Schema):
    """The body of the event that a guest has signed in: what was the guest's is the user's from now on."""

    guest_id = Id(required=True)
    user_id = Id(required=True)


class OrderLinkEvent(Schema):
    """The body of the event that a guest wants another link; the sender of the mail asks for the address then."""

    user_id = Id(required=True)
    order_id = Id(required=True)


class TimeZoneEvent(Schema):
    """The body of the event that an account's time zone has changed."""

    user_id = Id(required=True)
    time_zone = fields.String(required=True, allow_none=True)


EMAIL_GIVEN = Event("user", "user.email_given", 1, EmailEvent, "An address waits for confirmation by its owner.")
EMAIL_CONFIRMED = Event("user", "user.email_confirmed", 1, EmailEvent, "The owner of an address has confirmed it.")
OPERATED = operated("user")
TIME_ZONE_CHANGED = Event("user", "user.time_zone_changed", 1, TimeZoneEvent,
                          "A member has set the time zone of the profile, or removed it.")
REMOVED = Event("user", "user.removed", 1, AccountEvent, "An account was removed, or closed by its holder, for good.")
PASSWORD_RESET_REQUESTED = Event("user", "user.password_reset_requested", 1, EmailEvent,
                                 "Somebody has forgotten the password of an account with a confirmed address.")
PASSWORD_CHANGED = Event("user", "user.password_changed", 1, EmailEvent, "An account has another password.")
EMAIL_CHANGED = Event("user", "user.email_changed", 1, EmailEvent,
                      "An account has another address, or none, in place of a confirmed one.")
GUEST_ADOPTED = Event("user", "user.guest_adopted", 1, GuestEvent,
                      "A guest has signed in; the guest's orders are the account's.")
ORDER_LINK_REQUESTED = Event("user", "user.order_link_requested", 1, OrderLinkEvent,
                             "A guest whose link to an order was used wants another one.")
SECOND_FACTOR_SET = Event("user", "user.second_factor_set", 1, EmailEvent,
                          "An account has a second factor, or another one.")
SECOND_FACTOR_REMOVED = Event("user", "user.second_factor_removed", 1, EmailEvent,
                              "An account has no second factor any more.")
TOKENS_REVOKED = Announcement("user", "tokens_revoked", about="the token_id of each")
