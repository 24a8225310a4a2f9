"""The contract of the notification room: the messages that a member was sent, to read on the pages as well."""

from marshmallow import fields, validate

from schemas.base import Method, Nothing, Schema
from schemas.fields import Cursor, Id, Moment, Whole

MESSAGE_KINDS = ("paid", "revived", "part_refunded", "refunded", "cancelled", "screening_cancelled", "paid_late",
                 "reversed")
MESSAGES_AT_MOST = 100


class MessagesRequest(Schema):
    """Which of my messages are wanted, a page at a time."""

    cursor = Cursor(metadata={"description": "`next_cursor` of the page before"})
    limit = Whole(load_default=20, validate=validate.Range(min=1, max=MESSAGES_AT_MOST))


class MessageSummary(Schema):
    """What a message was about, and when its reader marked it as read."""

    message_id = Id(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(MESSAGE_KINDS))
    title = fields.String(required=True, metadata={"description": "of the film"})
    order_id = Id(required=True)
    created_at = Moment(required=True)
    read_at = Moment(required=True, allow_none=True, metadata={"description": "null: unread"})


class MessagesReply(Schema):
    """One page of a member's messages, the newest first, and how many are `unread` on all pages."""

    messages = fields.List(fields.Nested(MessageSummary), required=True)
    unread = Whole(required=True)
    next_cursor = Cursor(required=True, allow_none=True, metadata={"description": "null at the end"})
    server_time = Moment(required=True)


class MarkReadRequest(Schema):
    """The messages that were read; those of other members stay as they are."""

    message_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=MESSAGES_AT_MOST))


class UnreadReply(Schema):
    """How many of a member's messages are unread."""

    unread = Whole(required=True)


GET_MESSAGES = Method("notification", "get_messages", MessagesRequest, MessagesReply, "buyer",
                      "The messages about my orders, the newest first.", reads=True)
GET_UNREAD = Method("notification", "get_unread", Nothing, UnreadReply, "buyer",
                    "How many of my messages are unread.", reads=True)
MARK_READ = Method("notification", "mark_read", MarkReadRequest, UnreadReply, "buyer",
                   "Mark some of my messages as read; repeating it changes nothing.", uses_reserve=True)
