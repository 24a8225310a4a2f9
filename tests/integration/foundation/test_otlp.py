"""Spans go to an OTLP endpoint, also those of the last second before a room stops; a dead endpoint stops nothing."""

from typing import Any

import pytest
from opentelemetry.trace import SpanKind

from testbed.mesh import free_ports
from tests.drivers.otlp_receiver import otlp_receiver
from tests.integration.foundation.conftest import RunRoom, wait_for_room

ALL = {"MARQUEE_TRACE_RATIO": 1, "MARQUEE_TRACES_PER_SECOND": 1000}


def test_a_room_sends_its_spans_to_the_endpoint_even_when_it_stops(run_room: RunRoom, client: Any) -> None:
    with otlp_receiver() as receiver:
        room = run_room("echo_room", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
                        OTEL_EXPORTER_OTLP_HEADERS="api-key=k1", **ALL)
        wait_for_room(client, "echo", room)
        client.echo.wait(note="traced", seconds=0)
        room.stop()
        span, resource = receiver.spans()["echo.wait"]
    assert span.kind == SpanKind.SERVER.value + 1   # OTLP counts from 1
    assert (resource["service.name"], resource["service.namespace"]) == ("echo", "marquee")
    assert {each.key: each.value.string_value for each in span.attributes} == {
        "rpc.system": "nameko", "rpc.service": "echo", "rpc.method": "wait"}
    redis, _ = receiver.spans()["INCRBY"]
    assert (redis.trace_id, redis.parent_span_id) == (span.trace_id, span.span_id)
    assert receiver.headers[0]["api-key"] == "k1"


@pytest.mark.full_size("integration/foundation/test_otlp.py")
def test_a_dead_endpoint_stops_neither_calls_nor_the_room(run_room: RunRoom, client: Any) -> None:
    [port] = free_ports(1)
    room = run_room("echo_room", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}", **ALL)
    wait_for_room(client, "echo", room)
    for number in range(30):
        assert client.echo.say(text=str(number)) == {"text": str(number)}
    room.stop()
    log = room.log.read_text()
    assert "spans are lost" in log or "spans can't be sent" in log
    assert log.count("spans can't be sent") <= 1
    assert '"logger":"opentelemetry' not in log
