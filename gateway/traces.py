"""The span of an HTTP request, by OpenTelemetry's conventions for HTTP servers."""

from opentelemetry.trace import Span, SpanKind, StatusCode

from gateway.http.messages import Reply, Request
from schemas import insight
from services.foundation.metrics.instruments import VERBS
from services.foundation.tracing import spans


def request_span(request: Request, records: bool) -> Span:
    """The span of a request that begins, in the trace of its client if that names one (W3C Trace Context).

    Without `records` it has only ids: a page or a stream is not worth recording. Nor is a question to the insight room,
    or its page would fill its own list.
    """
    records = records and not (request.method and request.method.room == insight.GET_TRACES.room)
    entry = spans.EntrySpan(_verb(request), SpanKind.SERVER, {
        "http.request.method": _verb(request), "marquee.request_id": request.request_id})
    return spans.ingress_span(request.environ.get("HTTP_TRACEPARENT"), entry, records)


def describe_reply(span: Span, request: Request, reply: Reply) -> None:
    """Add what is known once the request has its reply."""
    if not span.is_recording():
        return
    # The template only: an address may hold what nobody else should read.
    span.update_name(f"{_verb(request)} {request.route}")
    span.set_attributes({"http.route": request.route, "http.response.status_code": reply.status,
                         "marquee.cached": request.cached})
    if reply.status >= 500:
        span.set_status(StatusCode.ERROR)


def _verb(request: Request) -> str:
    return request.verb if request.verb in VERBS else "_OTHER"
