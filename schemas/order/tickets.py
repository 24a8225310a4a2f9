"""Methods for the tickets of an order: their pictures, a calendar entry, the keys that verify their codes."""

from marshmallow import fields, validate

from schemas.base import Method, Nothing, Schema
from schemas.fields import Id, SeatId
from schemas.order.orders import OrderRequest
from schemas.order.refusals import UnknownOrder


class TicketImage(Schema):
    """A ticket's code as a picture."""

    ticket_id = Id(required=True)
    seat_id = SeatId(required=True)
    svg = fields.String(required=True, metadata={"description": "an SVG document: the code as a QR code"})


class TicketImagesReply(Schema):
    """The valid tickets of an order, as pictures."""

    tickets = fields.List(fields.Nested(TicketImage), required=True,
                          metadata={"description": "the valid ones; none before paying, fewer after a refund"})


class CalendarReply(Schema):
    """An order as a calendar entry."""

    calendar = fields.String(required=True, metadata={"description": "the text of an .ics file (RFC 5545)"})


class TicketKey(Schema):
    """A public key that verifies ticket codes."""

    key_id = fields.String(required=True)
    algorithm = fields.String(required=True, validate=validate.OneOf(("Ed25519",)))
    public_key = fields.String(required=True, metadata={"description": "32 bytes in base64url, without padding"})


class TicketKeysReply(Schema):
    """A code is M1.<key id>.<ticket>~<screening>~<seat>.<signature>; the signature covers all before the last dot."""

    keys = fields.List(fields.Nested(TicketKey), required=True)


class TicketToMail(Schema):
    """A valid ticket."""

    ticket_id = Id(required=True)
    seat_id = SeatId(required=True)
    code = fields.String(required=True)


class TicketsToMailReply(CalendarReply):
    """What the buyer of an order needs at the cinema, as it is now."""

    tickets = fields.List(fields.Nested(TicketToMail), required=True, metadata={"description": "the valid ones"})
    pick_up_code = fields.String(required=True, allow_none=True, metadata={
        "description": "of its snacks; null without any, and until the kitchen has given one"})
    cinema_address = fields.String(required=True, allow_none=True)


GET_TICKET_IMAGES = Method("order", "get_ticket_images", OrderRequest, TicketImagesReply, "guest",
                           "The codes of my valid tickets, as pictures.", refusals=(UnknownOrder,), reads=True)
GET_CALENDAR = Method("order", "get_calendar", OrderRequest, CalendarReply, "guest",
                      "One of my orders as a calendar file.", refusals=(UnknownOrder,), reads=True)
GET_TICKETS_TO_MAIL = Method("order", "get_tickets_to_mail", OrderRequest, TicketsToMailReply, "internal",
                             "What the mail with the tickets of an order needs.", refusals=(UnknownOrder,), reads=True)
GET_TICKET_KEYS = Method("order", "get_ticket_keys", Nothing, TicketKeysReply, "public",
                         "The public keys that ticket codes are signed with.", reads=True)
