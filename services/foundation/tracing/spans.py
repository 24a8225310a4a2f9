"""Spans of what a process does, as OpenTelemetry has them.

Where the current trace is not sampled, everything here does next to nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from opentelemetry import context, trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind

from services.foundation.tracing.sampler import Sampler
from services.foundation.tracing.span_attributes import Attributes, Values, record_error
from services.foundation.tracing.trace_context import is_sampled, parse, unsampled


class EntrySpan(NamedTuple):
    """The span of a message or request that arrives, as its entrypoint describes it."""

    name: str
    kind: SpanKind
    attributes: Values


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
    """A span around the work inside, a child of the current one; an error that leaves it is recorded."""
    if not is_sampled():
        yield trace.INVALID_SPAN
        return
    started = _recorder.tracer.start_span(name, kind=kind, attributes=attributes)
    with use_span(started, recorded=True):
        yield started


def begin(name: str, kind: SpanKind, attributes: Attributes) -> Span:
    """A child of the current span, for work that makes no other span; its caller ends it."""
    return _recorder.tracer.start_span(name, kind=kind, attributes=attributes)


@contextmanager
def following(traceparent: str | None, name: str, attributes: Attributes | None = None) -> Iterator[Span]:
    """Work that follows, later, from the trace that `traceparent` names: its span belongs there.

    The span and the current one, such as that of a webhook, link to each other. Without a `traceparent` the work
    stays in the current trace.
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
            links=[Link(here.get_span_context())] if _is_elsewhere(cause) else [])
    with use_span(started, recorded=True):
        yield started


def link_to(traceparent: str | None) -> None:
    """Link the current span to the one that `traceparent` names, if both are recorded."""
    other = parse(traceparent)
    if other is not None and other.trace_flags.sampled and _is_elsewhere(other):
        trace.get_current_span().add_link(other)


def _is_elsewhere(other: SpanContext) -> bool:
    """Whether the current trace is recorded and is not the one of `other`."""
    here = trace.get_current_span().get_span_context()
    return here.trace_flags.sampled and here.trace_id != other.trace_id


@contextmanager
def worker(worker_ctx: Any) -> Iterator[None]:
    """The span of a worker, as its entrypoint's `describe_entry` says; without that, only the ids of its trace."""
    parent = parse(worker_ctx.data.get("traceparent"))
    describe = getattr(worker_ctx.entrypoint, "describe_entry", None)
    if describe is None:
        with use_span(NonRecordingSpan(parent) if parent else unsampled()):
            yield
    elif parent.trace_flags.sampled if parent else _recorder.sampler.should_sample():
        with use_span(_start(describe(worker_ctx), parent), recorded=True):
            yield
    else:
        with use_span(unsampled(parent)):
            yield


def ingress_span(traceparent: str | None, entry: EntrySpan, may_record: bool) -> Span:
    """The span of a request from outside the mesh, which `use_span` makes the current one."""
    parent = parse(traceparent)
    return _start(entry, parent) if may_record and _recorder.sampler.should_sample(parent) else unsampled(parent)


def _start(entry: EntrySpan, parent: SpanContext | None) -> Span:
    around = trace.set_span_in_context(NonRecordingSpan(parent), context.Context()) if parent else context.Context()
    return _recorder.tracer.start_span(entry.name, around, entry.kind, entry.attributes)


@contextmanager
def use_span(started: Span, recorded: bool = False) -> Iterator[None]:
    """Make a span the current one for the work inside. `recorded`: end it then, with the error that leaves it."""
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
