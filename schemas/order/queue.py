"""The queue of a screening that many want at once: a place in it, the pass, and opening and closing it by hand."""

from marshmallow import fields, validate

from schemas.base import Method, Schema
from schemas.fields import Id, Moment, Reason, Text, Whole
from schemas.film import UnknownScreening
from schemas.order.refusals import NotInQueue, SalesClosed

PLACE_STATES = ("off", "drawing", "waiting", "admitted")
QUEUE_MODES = ("off", "auto", "hand", "closed")


class QueueRequest(Schema):
    """A screening whose queue is meant."""

    screening_id = Id(required=True)


class PlaceReply(Schema):
    """Where the caller stands. The same on all devices of an account."""

    class Meta(Schema.Meta):
        include = {"pass": Text(100, required=True, allow_none=True, metadata={     # `pass` is Python's word
            "description": "for order.buy by this account; null unless admitted"})}

    screening_id = Id(required=True)
    status = fields.String(required=True, validate=validate.OneOf(PLACE_STATES), metadata={
        "description": "off: there is no queue, and nobody needs a pass; drawing: numbers are drawn at `draw_at` among "
                       "all who have joined by then; admitted: buy with `pass`"})
    number = Whole(required=True, allow_none=True, metadata={"description": "it never changes; null unless waiting"})
    people_before = Whole(required=True, allow_none=True, metadata={"description": "null unless waiting"})
    wait_seconds = Whole(required=True, allow_none=True, metadata={"description": "an estimate; null unless waiting"})
    draw_at = Moment(required=True, allow_none=True, metadata={"description": "null unless drawing"})
    pass_until = Moment(required=True, allow_none=True, metadata={"description": "null unless admitted"})
    ask_again_seconds = Whole(required=True, metadata={
        "description": "whoever does not ask for a minute or two is passed over, and is next on coming back"})
    server_time = Moment(required=True)


class OpenQueueRequest(QueueRequest):
    """A screening whose queue is to be open until somebody closes it."""

    draw_at = Moment(metadata={"description": "the moment the sale begins: all who have joined by then draw numbers, "
                                              "and nobody buys before"})
    reason = Reason(metadata={"description": "why, for the operation log"})


class CloseQueueRequest(QueueRequest):
    """A screening whose queue is to be closed; for an hour it does not open by itself."""

    reason = Reason(metadata={"description": "why, for the operation log"})


class QueueReply(Schema):
    """A screening's queue."""

    screening_id = Id(required=True)
    mode = fields.String(required=True, validate=validate.OneOf(QUEUE_MODES), metadata={
        "description": "off; auto: open because of a rush; hand: opened by hand; closed: by hand"})
    draw_at = Moment(required=True, allow_none=True)
    waiting = Whole(required=True)
    passes = Whole(required=True, metadata={"description": "unused ones"})


JOIN_QUEUE = Method("order", "join_queue", QueueRequest, PlaceReply, "guest",
                    "Take a place in the queue of a screening; an account or a guest has one, whatever device asks.",
                    refusals=(UnknownScreening, SalesClosed))
GET_PLACE = Method("order", "get_place", QueueRequest, PlaceReply, "guest",
                   "My place in the queue of a screening, and when it is my turn a pass to buy with.",
                   refusals=(NotInQueue,), reads=True)
OPEN_QUEUE = Method("order", "open_queue", OpenQueueRequest, QueueReply, "manager",
                    "Make buyers of a screening wait in a queue, whether or not demand is high.",
                    refusals=(UnknownScreening,), keyed=True)
CLOSE_QUEUE = Method("order", "close_queue", CloseQueueRequest, QueueReply, "manager",
                     "Close the queue of a screening: everybody buys without a pass.",
                     refusals=(UnknownScreening,), keyed=True)
