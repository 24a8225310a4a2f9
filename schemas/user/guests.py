"""Guests: they buy without an account, and hand their orders over to one when they sign in."""

from marshmallow import fields

from schemas.base import Method, Nothing, Schema
from schemas.errors import Conflict
from schemas.fields import Id, Moment, Secret


class LinkOver(Conflict):
    """This link was used, it is too old, or its order belongs to an account now; `order_id` says which, if we know."""


class GuestToken(Schema):
    """A bearer token of a guest, and when it ends."""

    token = fields.String(required=True)
    expires_at = Moment(required=True)


class OpenOrderRequest(Schema):
    """The token in the link that was mailed with the tickets."""

    token = Secret(200, required=True, metadata={"description": "of the link that was mailed"})


class OpenOrderReply(GuestToken):
    """A bearer token of the guest whose order it is."""

    order_id = Id(required=True)


class KeepAddressRequest(Schema):
    """Where a guest wants the tickets, and for how long we may have to write there."""

    email = fields.String(required=True)
    until = Moment(required=True)


class OrderLinkRequest(Schema):
    """The order of a guest that a mail is about."""

    user_id = Id(required=True)
    order_id = Id(required=True)


class OrderLink(Schema):
    """The guest's address and the token that opens the order once; both are null if there is nobody to write to."""

    email = fields.String(required=True, allow_none=True)
    token = fields.String(required=True, allow_none=True)


START_GUEST = Method("user", "start_guest", Nothing, GuestToken, "public",
                     "Buy without an account: a bearer token of a new guest. Signing in with it moves the guest's "
                     "orders to the account.")
OPEN_ORDER = Method("user", "open_order", OpenOrderRequest, OpenOrderReply, "public",
                    "Open an order by the link that was mailed to a guest: a bearer token, once. It confirms the "
                    "address.", refusals=(LinkOver,), uses_reserve=True)
SEND_ORDER_LINK = Method("user", "send_order_link", OpenOrderRequest, Nothing, "public",
                         "Mail another link to the order of a link that was used, to the same address.",
                         refusals=(LinkOver,))

KEEP_GUEST_ADDRESS = Method("user", "keep_guest_address", KeepAddressRequest, Nothing, "internal",
                            "Where to mail the tickets of the guest who calls.")
ISSUE_ORDER_LINK = Method("user", "issue_order_link", OrderLinkRequest, OrderLink, "internal",
                          "A new token to open a guest's order with, to be mailed to the guest and nowhere else.")
