"""Spans of what a process does, as OpenTelemetry has them.

Where the present trace is not sampled, everything here does next to nothing. Attributes hold ids and names of methods,
never what people sent us: an exception is recorded by its class alone.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeGuard

from opentelemetry import context, trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode

from schemas.errors import Busy, Refusal, TooOften
from services.foundation.tracing.sampler import Sampler
from services.foundation.tracing.trace_context import is_sampled, parse, unsampled

OUR_ID = re.compile(r"[0-9a-f]{32}\Z")
Attributes = Mapping[str, str | int | float | bool]


class Entry(NamedTuple):
    """The span of a message or request that arrives, as its entrypoint describes it."""

    name: str
    kind: SpanKind
    attributes: dict[str, str | int | float | bool]


class Recorder:
    """What this process records spans with; a command of an operator records none."""

    def __init__(self, tracer: trace.Tracer, sampler: Sampler) -> None:
        self.tracer, self.sampler = tracer, sampler


_recorder = Recorder(trace.NoOpTracer(), Sampler(0, 0))


def use(recorder: Recorder) -> Recorder:
    """Record with this from now on; returns what was used before."""
    global _recorder
    before, _recorder = _recorder, recorder
    return before


@contextmanager
def span(name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes | None = None) -> Iterator[Span]:
    """A span around the work inside, a child of the present one; an error that leaves it is recorded."""
    if not is_sampled():
        yield trace.INVALID_SPAN
        return
    started = _recorder.tracer.start_span(name, kind=kind, attributes=attributes)
    with present(started, recorded=True):
        yield started


@contextmanager
def following(traceparent: str | None, name: str, attributes: Attributes | None = None) -> Iterator[Span]:
    """Work that follows, later, from the trace that `traceparent` names: its span belongs there.

    The span and the present one, such as that of a webhook, link to each other. Without a `traceparent` the work
    stays in the present trace.
    """
    cause = parse(traceparent)
    if cause is None:
        with span(name, attributes=attributes) as child:
            yield child
        return
    here = trace.get_current_span()
    link_to(traceparent)
    if not cause.trace_flags.sampled:
        started: Span = NonRecordingSpan(cause)
    else:
        started = _recorder.tracer.start_span(
            name, context=trace.set_span_in_context(NonRecordingSpan(cause)), attributes=attributes,
            links=[Link(here.get_span_context())] if is_sampled() else [])
    with present(started, recorded=True):
        yield started


def link_to(traceparent: str | None) -> None:
    """Link the present span to the one that `traceparent` names, if both are recorded."""
    other = parse(traceparent) if is_sampled() else None
    here = trace.get_current_span()
    if other is not None and other.trace_flags.sampled and other.trace_id != here.get_span_context().trace_id:
        here.add_link(other)


@contextmanager
def worker(worker_ctx: Any) -> Iterator[None]:
    """The span of a worker, as its entrypoint's `describe_entry` says; without that, only the ids of its trace."""
    parent = parse(worker_ctx.data.get("traceparent"))
    describe = getattr(worker_ctx.entrypoint, "describe_entry", None)
    if describe is None:
        with present(NonRecordingSpan(parent) if parent else unsampled()):
            yield
    elif parent.trace_flags.sampled if parent else _recorder.sampler.wants():
        with present(_start(describe(worker_ctx), parent), recorded=True):
            yield
    else:
        with present(unsampled(parent)):
            yield


def from_outside(traceparent: str | None, entry: Entry, may_record: bool) -> Span:
    """The span of a request from outside the mesh, which `present` makes the present one."""
    parent = parse(traceparent)
    return _start(entry, parent) if may_record and _recorder.sampler.wants(parent) else unsampled(parent)


def _start(entry: Entry, parent: SpanContext | None) -> Span:
    around = trace.set_span_in_context(NonRecordingSpan(parent), context.Context()) if parent else context.Context()
    return _recorder.tracer.start_span(entry.name, around, entry.kind, entry.attributes)


@contextmanager
def present(started: Span, recorded: bool = False) -> Iterator[None]:
    """Make a span the present one for the work inside. `recorded`: end it then, with the error that leaves it."""
    token = context.attach(trace.set_span_in_context(started))
    try:
        yield
    except BaseException as problem:
        if recorded:
            record_error(problem, started)
        raise
    finally:
        context.detach(token)
        if recorded:
            started.end()


def record_error(problem: BaseException, on: Span | None = None) -> None:
    """Note how the present span, or `on`, ended: a refusal by its code, anything else by its class.

    A refusal of the caller's making is no error of ours; a room that is down or silent is.
    """
    here = on or trace.get_current_span()
    if not here.is_recording():
        return
    if isinstance(problem, Refusal):
        here.set_attribute("marquee.refusal", problem.code)
        if not isinstance(problem, Busy) or isinstance(problem, TooOften):
            return
    else:
        here.set_attribute("error.type", type(problem).__name__)
        here.add_event("exception", {"exception.type": type(problem).__name__})
    here.set_status(StatusCode.ERROR)


def call_attributes(room: str, method: str, fields: Mapping[str, Any],
                    request_id: Any) -> dict[str, str | int | float | bool]:
    """The attributes that both ends of a call have; of its fields only an order's id is told."""
    attributes: dict[str, str | int | float | bool] = {"rpc.system": "nameko", "rpc.service": room,
                                                       "rpc.method": method}
    if isinstance(request_id, str):
        attributes["marquee.request_id"] = request_id
    if is_id(order_id := fields.get("order_id")):
        attributes["marquee.order_id"] = order_id
    return attributes


def name_order(reply: Any) -> None:
    """Add the id of the order that a reply names to the present span."""
    if isinstance(reply, dict) and (here := trace.get_current_span()).is_recording() and is_id(reply.get("order_id")):
        here.set_attribute("marquee.order_id", reply["order_id"])


def is_id(value: Any) -> TypeGuard[str]:
    """Whether this is an id of ours; a request may have anything in its place."""
    return isinstance(value, str) and OUR_ID.match(value) is not None
