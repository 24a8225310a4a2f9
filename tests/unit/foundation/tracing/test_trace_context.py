"""The ids of a trace, as they travel."""

import json
import logging

import eventlet
import pytest

from services.foundation.logs import JsonLine
from services.foundation.tracing import spans, trace_context

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_traceparent_names_a_span_and_whether_it_is_sampled() -> None:
    context = trace_context.parse(GIVEN)
    assert context is not None
    assert (f"{context.trace_id:032x}", f"{context.span_id:016x}") == (GIVEN[3:35], GIVEN[36:52])
    assert context.trace_flags.sampled
    unsampled = trace_context.parse(GIVEN[:-1] + "0")
    assert unsampled is not None
    assert not unsampled.trace_flags.sampled


def test_a_later_version_may_have_more_behind_the_flags() -> None:
    assert trace_context.parse("01" + GIVEN[2:] + "-what-comes-later") is not None


@pytest.mark.parametrize("odd", [
    None, 7, "", "canary", GIVEN + "-more", GIVEN.upper(), GIVEN[:-1], GIVEN + "\n", "ff" + GIVEN[2:],
    "00-" + "0" * 32 + GIVEN[35:], GIVEN[:36] + "0" * 16 + GIVEN[52:], "01" + GIVEN[2:] + "-" + "x" * 200, [GIVEN],
], ids=str)
def test_a_malformed_traceparent_is_ignored(odd: object) -> None:
    assert trace_context.parse(odd) is None


def test_the_present_span_is_told_as_it_was_given() -> None:
    assert trace_context.traceparent() is None
    with spans.use_span(trace_context.unsampled(trace_context.parse(GIVEN))):
        assert trace_context.traceparent() == GIVEN[:-1] + "0"


def test_another_green_thread_has_the_trace_only_if_it_is_carried_there() -> None:
    with spans.use_span(trace_context.unsampled()):
        here = trace_context.trace_id()
        assert here is not None
        assert eventlet.spawn(trace_context.trace_id).wait() is None
        assert eventlet.spawn(trace_context.carried(trace_context.trace_id)).wait() == here


def test_a_log_line_within_a_trace_has_its_ids_whether_it_is_sampled_or_not() -> None:
    def line() -> dict[str, object]:
        return dict(json.loads(JsonLine().format(logging.makeLogRecord({"msg": "sold"}))))

    assert not {"trace_id", "span_id"} & line().keys()
    with spans.use_span(trace_context.unsampled(trace_context.parse(GIVEN))):
        assert (line()["trace_id"], line()["span_id"]) == (GIVEN[3:35], GIVEN[36:52])
