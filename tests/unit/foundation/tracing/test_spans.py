"""Spans: what belongs to which trace, and what they say of errors."""

from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from schemas.errors import FieldsInvalid, Refusal, RoomSilent, TooOften
from services.foundation.ids import new_id
from services.foundation.tracing import span_attributes, spans, trace_context
from tests.drivers.recorded_spans import RecordedSpans

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ENTRY = spans.EntrySpan("order.buy", SpanKind.SERVER, {"rpc.method": "buy"})


def worker(traceparent: str | None = None, entry: spans.EntrySpan | None = ENTRY) -> Any:
    entrypoint = SimpleNamespace(describe_entry=lambda _: entry) if entry else SimpleNamespace()
    return SimpleNamespace(data={"traceparent": traceparent}, entrypoint=entrypoint)


def test_a_span_inside_a_worker_is_a_child_of_its_span_which_is_a_child_of_the_caller(recorded: RecordedSpans) -> None:
    with spans.worker(worker(GIVEN)), spans.span("write"):
        pass
    outer, inner = recorded["order.buy"], recorded["write"]
    assert outer.parent is not None
    assert inner.parent is not None
    assert (f"{outer.context.trace_id:032x}", f"{outer.parent.span_id:016x}") == (GIVEN[3:35], GIVEN[36:52])
    assert (inner.context.trace_id, inner.parent.span_id) == (outer.context.trace_id, outer.context.span_id)


def test_nothing_is_recorded_in_a_trace_that_is_not_sampled_but_its_id_goes_on(recorded: RecordedSpans) -> None:
    with spans.worker(worker(GIVEN[:-1] + "0")), spans.span("write") as span:
        span.set_attribute("amount", 7)
        assert trace_context.trace_id() == GIVEN[3:35]
    assert recorded.names() == []


def test_a_timer_has_ids_for_its_log_lines_and_no_span(recorded: RecordedSpans) -> None:
    with spans.worker(worker(entry=None)), spans.span("write"):
        assert trace_context.trace_id()
    assert recorded.names() == []


def test_a_message_without_a_trace_begins_one(recorded: RecordedSpans) -> None:
    with spans.worker(worker()):
        pass
    assert recorded["order.buy"].parent is None


def test_work_that_follows_later_belongs_to_the_trace_that_caused_it_and_both_are_linked(
        recorded: RecordedSpans) -> None:
    with spans.worker(worker()), spans.following(GIVEN, "process webhook"):
        assert trace_context.trace_id() == GIVEN[3:35]
    later, webhook = recorded["process webhook"], recorded["order.buy"]
    assert [link.context for link in later.links] == [webhook.context]
    assert [link.context.trace_id for link in webhook.links] == [later.context.trace_id]


def test_work_that_follows_from_an_unsampled_trace_is_not_recorded(recorded: RecordedSpans) -> None:
    with spans.worker(worker()), spans.following(GIVEN[:-1] + "0", "process webhook"), spans.span("write"):
        assert trace_context.trace_id() == GIVEN[3:35]
    assert recorded.names() == ["order.buy"]


def test_work_whose_cause_is_unknown_stays_in_the_present_trace(recorded: RecordedSpans) -> None:
    with spans.worker(worker()), spans.following(None, "process webhook"):
        pass
    assert recorded["process webhook"].context.trace_id == recorded["order.buy"].context.trace_id


@pytest.mark.parametrize(("refusal", "status"), [
    (FieldsInvalid(fields={"code": ["canary"]}), StatusCode.UNSET), (TooOften(retry_after=1), StatusCode.UNSET),
    (RoomSilent(room="film"), StatusCode.ERROR)])
def test_a_refusal_is_an_error_only_if_it_is_not_of_the_callers_making(
        recorded: RecordedSpans, refusal: Refusal, status: StatusCode) -> None:
    with spans.worker(worker()), pytest.raises(type(refusal)), spans.span("call"):
        raise refusal
    span = recorded["call"]
    assert span.attributes == {"marquee.refusal": refusal.code}
    assert (span.status.status_code, span.events) == (status, ())


def test_an_exception_is_recorded_by_its_class_and_not_by_its_text(recorded: RecordedSpans) -> None:
    with spans.worker(worker()), pytest.raises(ValueError, match="canary"), spans.span("call"):
        raise ValueError("canary@cinema.example")
    span = recorded["call"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert [(event.name, event.attributes) for event in span.events] == [
        ("exception", {"exception.type": "ValueError"})]
    assert "canary" not in span.to_json()


def test_only_an_id_of_ours_names_the_order_of_a_call() -> None:
    order_id = new_id()
    assert span_attributes.call_attributes("order", "pay", {"order_id": order_id, "code": "canary"}, "r1") == {
        "rpc.system": "nameko", "rpc.service": "order", "rpc.method": "pay", "marquee.request_id": "r1",
        "marquee.order_id": order_id}
    assert "marquee.order_id" not in span_attributes.call_attributes("order", "pay", {"order_id": "canary"}, None)


def test_a_reply_names_its_order(recorded: RecordedSpans) -> None:
    order_id = new_id()
    with spans.worker(worker()):
        span_attributes.name_order([1])
        span_attributes.name_order({"order_id": order_id, "code": "canary"})
    assert recorded["order.buy"].attributes == {"rpc.method": "buy", "marquee.order_id": order_id}


def test_a_process_that_records_nothing_goes_on_as_usual() -> None:
    with spans.worker(worker(GIVEN)), spans.span("write"), spans.following(GIVEN, "later"):
        span_attributes.record_error(ValueError())
        span_attributes.name_order({"order_id": new_id()})
    assert not trace.get_current_span().get_span_context().is_valid
