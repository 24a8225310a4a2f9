"""The traces that the insight room keeps for a while. Durations are in microseconds."""

from marshmallow import fields, validate

from schemas.base import Method, Schema
from schemas.errors import NotFound
from schemas.fields import Cursor, Id, Moment, Text, Whole
from schemas.insight.spans import Span, SpanEvent, TraceId

OUTCOMES = ("ok", "error")
TRACE_PAGE = 50


class TracesRequest(Schema):
    """Which traces are wanted, the newest first; every filter may be left out."""

    since = Moment()
    room = Id(metadata={"description": "a node of the picture that the trace passes through"})
    method = Text(120, metadata={"description": "a span's name, such as order.buy"})
    status = fields.String(validate=validate.OneOf(OUTCOMES), metadata={
        "description": "error: at least one of its spans failed"})
    min_ms = Whole(validate=validate.Range(min=0, max=10**9), metadata={
        "description": "how long its first span took at least, in milliseconds"})
    request_id = Text(64)
    order_id = Id()
    cursor = Cursor(metadata={"description": "`next_cursor` of the page before; the same filters belong to it"})
    limit = Whole(load_default=TRACE_PAGE, validate=validate.Range(min=1, max=TRACE_PAGE))


class TraceLine(Schema):
    """A trace, by what has arrived of it so far; its root is the span that began first."""

    trace_id = TraceId(required=True)
    name = fields.String(required=True, metadata={"description": "of its root, such as POST /order/buy"})
    room = fields.String(required=True, metadata={"description": "of its root"})
    started_at = Moment(required=True)
    duration = Whole(required=True, metadata={"description": "of its root, in microseconds"})
    whole_duration = Whole(required=True, metadata={
        "description": "until its last span ended: mail and popcorn may follow much later"})
    status_code = Whole(required=True, allow_none=True, metadata={"description": "of the HTTP answer"})
    spans = Whole(required=True)
    errors = Whole(required=True, metadata={"description": "spans that failed"})


class TracesReply(Schema):
    """One page of traces."""

    traces = fields.List(fields.Nested(TraceLine), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata={"description": "null at the end"})


class TraceRequest(Schema):
    """The trace that is wanted."""

    trace_id = TraceId(required=True)


def Attributes() -> fields.Dict:  # noqa: N802 - reads as the field it makes
    """A field for attributes of a span or event: texts, numbers and truth values by name."""
    return fields.Dict(keys=fields.String(), values=fields.Raw(), required=True)


class KeptEvent(SpanEvent):
    """An event of a span as it is kept."""

    attributes = Attributes()


class KeptSpan(Span):
    """A span as it is kept: with the process that it is of, its attributes cut to a bearable size."""

    attributes = Attributes()
    events = fields.List(fields.Nested(KeptEvent), required=True)
    room = fields.String(required=True)
    instance = fields.String(required=True)


class TraceReply(Schema):
    """A trace with its spans, the earliest first; of a very long one the first thousands."""

    trace = fields.Nested(TraceLine, required=True)
    spans = fields.List(fields.Nested(KeptSpan), required=True)
    follows = fields.List(TraceId(), required=True, metadata={"description": "traces that this one follows from"})
    followed_by = fields.List(TraceId(), required=True, metadata={"description": "traces that follow from this one"})


GET_TRACES = Method("insight", "get_traces", TracesRequest, TracesReply, "manager",
                    "The traces of requests, the newest first.", reads=True)
GET_TRACE = Method("insight", "get_trace", TraceRequest, TraceReply, "manager",
                   "One trace with all its spans.", refusals=(NotFound,), reads=True)
