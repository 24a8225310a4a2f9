"""What a buyer has of an order: tickets, their pictures, a calendar entry. Told by the order room."""

from marshmallow import fields, validate

from schemas.base import Method, Nothing, Schema
from schemas.fields import Id, SeatId
from schemas.order_refusals import UnknownOrder


class OrderRequest(Schema):
    order_id = Id(required=True)


class Ticket(Schema):
    ticket_id = Id(required=True)
    seat_id = SeatId(required=True)
    code = fields.String(required=True, allow_none=True,
                         metadata={"description": "shown at the door; see get_ticket_keys; null once refunded"})
    status = fields.String(required=True, validate=validate.OneOf(("valid", "void")))


class TicketImage(Schema):
    ticket_id = Id(required=True)
    seat_id = SeatId(required=True)
    svg = fields.String(required=True, metadata={"description": "an SVG document: the code as a QR code"})


class TicketImagesReply(Schema):
    tickets = fields.List(fields.Nested(TicketImage), required=True,
                          metadata={"description": "the valid ones; none before paying, fewer after a refund"})


class CalendarReply(Schema):
    calendar = fields.String(required=True, metadata={"description": "the text of an .ics file (RFC 5545)"})


class TicketKey(Schema):
    key_id = fields.String(required=True)
    algorithm = fields.String(required=True, validate=validate.OneOf(("Ed25519",)))
    public_key = fields.String(required=True, metadata={"description": "32 bytes in base64url, without padding"})


class TicketKeysReply(Schema):
    """A code is M1.<key id>.<ticket>~<screening>~<seat>.<signature>, which signs all before the last point."""

    keys = fields.List(fields.Nested(TicketKey), required=True)


GET_TICKET_IMAGES = Method("order", "get_ticket_images", OrderRequest, TicketImagesReply, "buyer",
                           "The codes of my valid tickets, as pictures.", refusals=(UnknownOrder,), reads=True)
GET_CALENDAR = Method("order", "get_calendar", OrderRequest, CalendarReply, "buyer",
                      "One of my orders as a calendar file.", refusals=(UnknownOrder,), reads=True)
GET_TICKET_KEYS = Method("order", "get_ticket_keys", Nothing, TicketKeysReply, "public",
                         "The public keys that ticket codes are signed with.", reads=True)
