"""W3C Trace Context: the ids that connect the spans and log lines of one trace, as they travel between processes."""

import random
import re
from collections.abc import Callable
from typing import Any, TypeVar

from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

T = TypeVar("T")
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?\Z")
LONGEST = 128
_random = random.SystemRandom().getrandbits


def parse(traceparent: Any) -> SpanContext | None:
    """The span that a `traceparent` names; None if there is none or it is malformed."""
    if not isinstance(traceparent, str) or len(traceparent) > LONGEST:
        return None
    found = TRACEPARENT.match(traceparent)
    # Version 00 has nothing behind its flags.
    if found is None or traceparent.startswith("00") and len(traceparent) != 55:
        return None
    flags = TraceFlags(int(found[3], 16) & TraceFlags.SAMPLED)
    return SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=flags)


def traceparent() -> str | None:
    """The current span as a `traceparent`; None outside of any trace."""
    here = trace.get_current_span().get_span_context()
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}" if here.is_valid else None


def ids() -> tuple[str, str] | None:
    """The current trace_id and span_id, as logs and replies have them; None outside of any trace."""
    here = trace.get_current_span().get_span_context()
    return (f"{here.trace_id:032x}", f"{here.span_id:016x}") if here.is_valid else None


def trace_id() -> str | None:
    """The current trace_id; None outside of any trace."""
    here = ids()
    return here[0] if here else None


def is_sampled() -> bool:
    """Whether the spans of the current trace are recorded."""
    return trace.get_current_span().get_span_context().trace_flags.sampled


def unsampled(parent: SpanContext | None = None) -> NonRecordingSpan:
    """A span that records nothing and only has ids: those of `parent`, or new ones."""
    return NonRecordingSpan(SpanContext(parent.trace_id if parent else _random(128) or 1,
                                        parent.span_id if parent else _random(64) or 1,
                                        is_remote=False, trace_flags=TraceFlags(TraceFlags.DEFAULT)))


def carried(function: Callable[..., T]) -> Callable[..., T]:
    """The same function in the current trace, for another green thread: none inherits the trace by itself."""
    here = context.get_current()

    def run(*values: Any) -> T:
        token = context.attach(here)
        try:
            return function(*values)
        finally:
            context.detach(token)

    return run
