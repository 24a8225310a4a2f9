"""The contract of the insight room: finished spans on their way to it, and what staff see of them."""

from schemas.insight.spans import EXCHANGE, Span, SpanBatch, SpanEvent
from schemas.insight.topology import GET_TOPOLOGY, TopologyReply
from schemas.insight.traces import GET_TRACE, GET_TRACES, TraceReply, TracesReply

__all__ = ["EXCHANGE", "GET_TOPOLOGY", "GET_TRACE", "GET_TRACES", "Span", "SpanBatch", "SpanEvent", "TopologyReply",
           "TraceReply", "TracesReply"]
