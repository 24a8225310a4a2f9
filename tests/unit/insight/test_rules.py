"""What spans say of edges, traces and durations."""

import random
from typing import Any

import pytest

from services.insight import rules
from services.insight.batches import BATCH
from tests.drivers.spans import batch, span

RPC = {"rpc.system": "nameko", "rpc.service": "order", "rpc.method": "buy"}
HTTP = {"http.request.method": "POST", "http.route": "/order/buy"}
SQL = {"db.system.name": "mariadb", "db.operation.name": "SELECT"}
AMQP = {"messaging.system": "rabbitmq"}


@pytest.mark.parametrize(("kind", "attributes", "edge"), [
    ("client", RPC, ("film", "order")), ("client", SQL, ("film", "mariadb")), ("producer", AMQP, ("film", "rabbitmq")),
    ("consumer", AMQP, ("rabbitmq", "film")), ("server", HTTP, ("clients", "film")),
    ("client", {"marquee.peer": "provider", "http.request.method": "POST"}, ("film", "provider")),
    ("client", {**AMQP, "rpc.service": "order"}, ("film", "order")), ("client", {"db.system.name": ""}, None),
    ("server", RPC, None), ("internal", SQL, None), ("client", {}, None), ("client", {"rpc.service": "film"}, None)])
def test_a_span_is_an_edge_from_the_caller_to_its_peer(kind: str, attributes: Any, edge: Any) -> None:
    assert rules.edge_of("film", span(kind=kind, attributes=attributes)) == edge


def test_calls_are_counted_by_edge_minute_and_duration() -> None:
    first = span(kind="client", attributes=RPC, started_at=rules.MINUTE - 1, duration=1000)
    spans = [first, {**first, "status": "error"}, {**first, "started_at": rules.MINUTE}, {**first, "duration": 5000},
             span(kind="internal")]
    flows = rules.flows("gateway", spans)
    assert {(flow.minute, flow.bucket == rules.bucket(1000)): count for flow, count in flows.items()} == {
        (0, True): {"calls": 2, "errors": 1}, (1, True): {"calls": 1, "errors": 0},
        (0, False): {"calls": 1, "errors": 0}}
    assert {flow[1:3] for flow in flows} == {("gateway", "order")}


@pytest.mark.parametrize("duration", [0, 1, 2, 3, 10, 999, 1000, 1001, 5230, 10**6, 3 * 10**8, 2**53])
def test_a_bucket_is_right_to_a_tenth(duration: int) -> None:
    found = rules.percentile({rules.bucket(duration): 1}, 0.5)
    assert found is not None
    assert abs(found - duration) <= max(1, duration * 0.1)


def test_percentiles_of_buckets_are_those_of_the_durations() -> None:
    source = random.Random(1)
    durations = sorted(int(source.lognormvariate(9, 1)) for _ in range(2000))
    counts: dict[int, int] = {}
    for duration in durations:
        counts[rules.bucket(duration)] = counts.get(rules.bucket(duration), 0) + 1
    for share in (0.5, 0.95):
        exact = durations[int(len(durations) * share) - 1]
        assert abs((rules.percentile(counts, share) or 0) - exact) <= exact * 0.12
    assert rules.percentile({}, 0.5) is None


def test_statistics_are_by_the_minute() -> None:
    statistics = rules.CallStatistics()
    assert statistics.over(5) == {"calls_a_minute": 0, "error_share": 0, "p50": None, "p95": None}
    statistics.add(rules.bucket(1000), 9, 1)
    statistics.add(rules.bucket(64_000), 1, 0)
    found = statistics.over(5)
    assert (found["calls_a_minute"], found["error_share"]) == (2, 0.1)
    assert 900 < found["p50"] < 1100
    assert 58_000 < found["p95"] < 70_000


def test_the_root_of_a_trace_is_its_earliest_span() -> None:
    root = span(name="POST /order/buy", started_at=100, duration=50,
                attributes={"http.response.status_code": 409})
    child = span(trace_id=root["trace_id"], parent_id=root["span_id"], started_at=100, duration=900, status="error")
    other = span(name="film.get_info", started_at=7)
    found = {row["trace_id"]: row for row in rules.summaries("gateway", [child, other, root])}
    assert found[root["trace_id"]] == {
        "trace_id": root["trace_id"], "name": "POST /order/buy", "room": "gateway", "started_at": 100, "duration": 50,
        "ended_at": 1000, "status_code": 409, "spans": 2, "errors": 1}
    assert found[other["trace_id"]]["spans"] == 1


@pytest.mark.parametrize("code", ["200", 20_000, 7, None, True])
def test_a_status_code_that_is_none_is_left_out(code: Any) -> None:
    [row] = rules.summaries("gateway", [span(attributes={"http.response.status_code": code})])
    assert row["status_code"] is None


@pytest.mark.parametrize(("started_at", "current"), [(0, False), (400, True), (399, False), (1000, True),
                                                     (1000 + rules.AHEAD, True), (1001 + rules.AHEAD, False)])
def test_only_spans_of_the_time_that_is_kept_are_current(started_at: int, current: bool) -> None:
    assert rules.is_current(span(started_at=started_at), 1000, kept=600) is current


def test_attributes_are_cut_to_a_bearable_size() -> None:
    many: dict[str, Any] = {f"name{number}": number for number in range(100)}
    assert len(rules.slimmed(many)) == rules.MOST_ATTRIBUTES
    assert rules.slimmed({"text": "x" * 9999, "list": [1], "nothing": None, "yes": True}) == {
        "text": "x" * rules.LONGEST_VALUE, "yes": True}
    events = [{"name": "exception", "at": 1, "attributes": {"exception.message": "x" * 9999}}] * 100
    slim = rules.slimmed_events(events)
    assert len(slim) == rules.MOST_EVENTS
    assert len(slim[0]["attributes"]["exception.message"]) == rules.LONGEST_VALUE


def test_a_cursor_is_a_place_in_the_list() -> None:
    trace_id = "f" * 32
    cursor = rules.cursor(1764335000123456, trace_id)
    assert len(cursor) == 32
    started_at, place = rules.place(cursor)
    assert started_at == 1764335000123456
    assert trace_id.startswith(place)


def test_a_batch_of_the_tests_is_one_of_the_contract() -> None:
    assert BATCH.validate({**batch("order", span(attributes=RPC)), "later": 1}) == {}
