"""A buyer's orders that are not over yet: those to pay, and those to go to with their tickets."""

from marshmallow import fields

from schemas.base import Method, Nothing, Schema
from schemas.fields import Moment
from schemas.order.orders import Order
from schemas.order.tickets import TicketImage

NEXT_AT_MOST = 3
OPEN_AT_MOST = 20


class NextTickets(Schema):
    """A paid order whose screening is not over, with the codes of its valid tickets as pictures."""

    order = fields.Nested(Order, required=True)
    images = fields.List(fields.Nested(TicketImage), required=True)


class UpcomingReply(Schema):
    """What a buyer has before them."""

    next_tickets = fields.List(fields.Nested(NextTickets), required=True, metadata={
        "description": f"the {NEXT_AT_MOST} that start first"})
    open_orders = fields.List(fields.Nested(Order), required=True, metadata={
        "description": f"unpaid, up to {OPEN_AT_MOST}, the newest first"})
    server_time = Moment(required=True)


GET_UPCOMING = Method("order", "get_upcoming", Nothing, UpcomingReply, "buyer",
                      "My next tickets with their codes as pictures, and my unpaid orders.", reads=True)
