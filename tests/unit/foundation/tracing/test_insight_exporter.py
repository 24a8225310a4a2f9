"""A span as the insight room gets it."""

from opentelemetry.trace import SpanKind

from services.foundation.tracing import spans
from services.foundation.tracing.insight_exporter import as_json
from tests.drivers.recorded_spans import RecordedSpans

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-11111111111111111111111111111111-2222222222222222-01"


def test_a_span_has_its_ids_links_times_and_attributes_as_plain_json(recorded: RecordedSpans) -> None:
    entry = spans.EntrySpan("order.buy", SpanKind.SERVER, {"rpc.method": "buy"})
    with spans.use_span(spans.ingress_span(GIVEN, entry, True), recorded=True):
        spans.link_to(OTHER)
        spans.record_error(ZeroDivisionError("canary"))
    span = recorded["order.buy"]
    assert span.start_time is not None
    assert span.end_time is not None
    sent = as_json(span)
    [event] = sent.pop("events")
    assert sent == {
        "trace_id": GIVEN[3:35], "span_id": f"{span.context.span_id:016x}", "parent_id": GIVEN[36:52],
        "links": [OTHER[3:35]], "name": "order.buy", "kind": "server", "started_at": span.start_time // 1000,
        "duration": (span.end_time - span.start_time) // 1000, "status": "error",
        "attributes": {"rpc.method": "buy", "error.type": "ZeroDivisionError"}}
    assert event["attributes"] == {"exception.type": "ZeroDivisionError"}
    assert span.start_time // 1000 <= event["at"] <= span.end_time // 1000
