"""Finished spans on their way to the insight room.

Names and attributes follow OpenTelemetry's semantic conventions; durations are in microseconds.
"""

from typing import Any

from marshmallow import fields, validate

from schemas.base import Lenient
from schemas.fields import Id, Text, Whole

EXCHANGE = "spans"    # topic, not durable; the routing key is the name of the room whose spans a message has
MOST_SPANS_A_BATCH = 2000
KINDS = ("server", "client", "producer", "consumer", "internal")
STATES = ("unset", "ok", "error")


def TraceId(**options: Any) -> fields.String:  # noqa: N802 - reads as the field it makes
    """A field for the id of a trace: 32 hex digits."""
    return fields.String(validate=validate.Regexp(r"^[0-9a-f]{32}\Z", error="Not 32 hex digits."), **options)


def SpanId(**options: Any) -> fields.String:  # noqa: N802
    """A field for the id of a span: 16 hex digits."""
    return fields.String(validate=validate.Regexp(r"^[0-9a-f]{16}\Z", error="Not 16 hex digits."), **options)


def Microseconds(**options: Any) -> Whole:  # noqa: N802
    """A field for a duration, or for a moment counted from 1970 in UTC."""
    return Whole(validate=validate.Range(min=0, max=2**53), **options)


class SpanEvent(Lenient):
    """Something that happened within a span, such as an exception."""

    name = fields.String(required=True)
    at = Microseconds(required=True, metadata={"description": "microseconds since 1970, UTC"})
    attributes = fields.Dict(load_default=dict)


class Span(Lenient):
    """One finished piece of work of one process. No attribute has a token, name, address, code or SQL value."""

    trace_id = TraceId(required=True)
    span_id = SpanId(required=True)
    parent_id = SpanId(required=True, allow_none=True)
    links = fields.List(TraceId(), load_default=list, metadata={"description": "traces that this one follows from"})
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    started_at = Microseconds(required=True, metadata={"description": "microseconds since 1970, UTC"})
    duration = Microseconds(required=True, metadata={"description": "microseconds"})
    status = fields.String(required=True, validate=validate.OneOf(STATES))
    attributes = fields.Dict(load_default=dict)
    events = fields.List(fields.Nested(SpanEvent), load_default=list)


class SpanBatch(Lenient):
    """Finished spans of one process, as they come to the queue: transient, never confirmed."""

    room = Id(required=True, metadata={"description": "or gateway"})
    instance = Text(128, required=True, metadata={"description": "host:pid"})
    dropped = Whole(load_default=0, validate=validate.Range(min=0), metadata={
        "description": "spans that the process has lost since the last batch that it sent"})
    spans = fields.List(fields.Nested(Span), required=True, validate=validate.Length(max=MOST_SPANS_A_BATCH))
