"""The contract of the office room: the log of what staff do, and the money that they move."""

from marshmallow import fields, validate

from schemas.base import Method, Schema
from schemas.fields import Amount, Currency, Cursor, Id, Moment, Text, Whole
from schemas.operation_log import Operation

LOG_PAGE = 100
DIFFERENCES = ("not_logged", "not_moved", "other_amount")


class LogRequest(Schema):
    """Which entries of the log are wanted, the newest first; every filter may be left out."""

    class Meta(Schema.Meta):
        include = {"from": Moment(), "to": Moment(metadata={"description": "before then"})}  # `from` is Python's word

    about = Id(metadata={"description": "the order, account, snack, ... that something was done to"})
    actor = Text(200, metadata={"description": "a username, a user id, or an operator's command"})
    method = Text(64, metadata={"description": "such as order.cancel_screening"})
    cursor = Cursor(metadata={"description": "`next_cursor` of the page before; the same filters belong to it"})
    limit = Whole(load_default=LOG_PAGE, validate=validate.Range(min=1, max=LOG_PAGE))


class LogEntry(Operation):
    """An entry of the log; `number` counts all of them without a gap."""

    number = Whole(required=True)
    digest = fields.String(required=True, metadata={
        "description": "SHA-256 of the entry and the digest before it, in hex"})


class LogReply(Schema):
    """One page of the log: of the caller's cinemas, or of all for those whose role holds for the house."""

    entries = fields.List(fields.Nested(LogEntry), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata={"description": "null at the end"})


class ReconcileRequest(Schema):
    """The time from `from` to before `to` whose money is compared."""

    class Meta(Schema.Meta):
        include = {"from": Moment(required=True), "to": Moment(required=True)}


class LoggedMoney(Schema):
    """What the operations of one method moved by the log, in minor units; negative: out of the house."""

    method = fields.String(required=True)
    currency = Currency(required=True)
    entries = Whole(required=True)
    amount = Amount(required=True)


class MoneyDifference(Schema):
    """Money of one source, such as an order, about which the log and the other rooms disagree."""

    kind = fields.String(required=True, validate=validate.OneOf(DIFFERENCES), metadata={
        "description": "not_logged: moved without an entry; not_moved: an entry without a movement. Either may be "
                       "on its way for some seconds"})
    source_id = Id(required=True, metadata={"description": "the order, payment, ... whose money it is"})
    currency = Currency(required=True)
    logged = Amount(required=True)
    moved = Amount(required=True, metadata={"description": "as the room with the money has told it"})


class ReconcileReply(Schema):
    """The money that staff moved in that time, and every difference."""

    logged = fields.List(fields.Nested(LoggedMoney), required=True)
    differences = fields.List(fields.Nested(MoneyDifference), required=True)


GET_LOG = Method("office", "get_log", LogRequest, LogReply, "manager",
                 "What staff and operators have changed, the newest first.", reads=True)
RECONCILE = Method("office", "reconcile", ReconcileRequest, ReconcileReply, "manager",
                   "Compare the money in the log with what the other rooms say has moved.", reads=True)
