"""Guests: they buy without an account, and hand their orders over to one when they sign in."""

from marshmallow import fields

from schemas.base import Method, Nothing, Schema
from schemas.errors import Conflict
from schemas.fields import Id, Moment, ReaderLanguage, Secret
from schemas.user.fields import OF_MAILS


class LinkOver(Conflict):
    """This link was used, it is too old, or its order belongs to an account now; `order_id` says which, if we know.

    Or its guest has another address by now than the one that it was mailed to.
    """


class OtherGuest(Conflict):
    """This link is for another guest than the one who opens it. It was not used."""


class StartGuestRequest(Schema):
    """What a new guest may say of themselves."""

    language = ReaderLanguage(metadata={"description": "of our mails; left out: the house's"})


class GuestToken(Schema):
    """A bearer token of a guest, and when it ends."""

    token = fields.String(required=True)
    expires_at = Moment(required=True)


class LinkRequest(Schema):
    """The token in the link that was mailed with the tickets."""

    token = Secret(200, required=True, metadata={"description": "of the link that was mailed"})


class OpenOrderRequest(LinkRequest):
    """The token in the link, and whose it must be where nobody was asked."""

    guest_token = Secret(200, metadata={"description": "of the guest who opens it; the bearer token of this call, "
                                                       "unless this says otherwise"})
    same_guest = fields.Boolean(load_default=False, metadata={
        "description": "open it only if it is for the guest of `guest_token`; so nobody becomes another guest unasked"})


class OpenOrderReply(GuestToken):
    """A bearer token of the guest whose order it is, and the guest's address, which the link was mailed to."""

    order_id = Id(required=True)
    email = fields.String(load_default=None)


class KeepAddressRequest(Schema):
    """Where a guest wants the tickets, for how long we may have to write there, and in which language."""

    email = fields.String(required=True)
    until = Moment(required=True)
    language = ReaderLanguage()


class OrderLinkRequest(Schema):
    """The order of a guest that a mail is about."""

    user_id = Id(required=True)
    order_id = Id(required=True)


class OrderLink(Schema):
    """The guest's address and the token that opens the order once; both are null if there is nobody to write to."""

    email = fields.String(required=True, allow_none=True)
    token = fields.String(required=True, allow_none=True)
    language = ReaderLanguage(allow_none=True, metadata=OF_MAILS)


START_GUEST = Method("user", "start_guest", StartGuestRequest, GuestToken, "public",
                     "Buy without an account: a bearer token of a new guest. Signing in with it moves the guest's "
                     "orders to the account.")
OPEN_ORDER = Method("user", "open_order", OpenOrderRequest, OpenOrderReply, "public",
                    "Open an order by the link that was mailed to a guest: a bearer token, once. It confirms the "
                    "address.", refusals=(LinkOver, OtherGuest), uses_reserve=True)
SEND_ORDER_LINK = Method("user", "send_order_link", LinkRequest, Nothing, "public",
                         "Mail another link to the order of a link that was used, to the same address.",
                         refusals=(LinkOver,))

KEEP_GUEST_ADDRESS = Method("user", "keep_guest_address", KeepAddressRequest, Nothing, "internal",
                            "Where to mail the tickets of the guest who calls.")
ISSUE_ORDER_LINK = Method("user", "issue_order_link", OrderLinkRequest, OrderLink, "internal",
                          "A new token to open a guest's order with, to be mailed to the guest and nowhere else.")
