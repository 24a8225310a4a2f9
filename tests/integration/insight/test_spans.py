"""Spans from the queue to the picture and the traces, and how they leave again."""

import threading
from typing import Any

import pytest
from kombu import Connection
from sqlalchemy import event

from schemas.errors import FieldsInvalid, Forbidden, Unauthenticated
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.calls import Principal
from services.insight import ingestion_store, purging_store
from services.insight.batches import QUEUE
from services.insight.ingestion_store import ReceivedBatch
from testbed.mesh import Mesh, wait_until
from tests.drivers.busy_mesh import busy_mesh, one_purchase
from tests.drivers.spans import MS, batch, publish, span
from tests.integration.insight.conftest import keep, microseconds_ago, room

CALL = {"rpc.service": "order", "rpc.method": "buy"}
TABLES = ("trace", "span", "link", "traffic", "arrival")


def count(insight: Transactions, table: str) -> int:
    with insight.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar() or 0)


def call(**fields: Any) -> dict[str, Any]:
    return span(**{"kind": "client", "attributes": CALL, "started_at": microseconds_ago(), **fields})


# --- through the queue, in the room's own process ---


def test_what_a_process_sends_is_seen_by_managers(mesh: Mesh) -> None:
    """A batch that is no batch changes nothing but the number of lost spans."""
    staff = mesh.staff()
    good = call(trace_id="ab" * 16, name="probe.ask", status="error")
    publish(mesh.settings["AMQP_URI"], b"{not json", {"room": "probe"}, [1, 2],
            batch("probe", {**good, "trace_id": "no id"}), batch("probe", good, dropped=3),
            batch("probe", call(name="probe.again")))

    def arrived() -> Any:
        nodes = mesh.get("/insight/get_topology", staff, minutes=5).json()["nodes"]
        return next((node for node in nodes if node["name"] == "probe" and node["instances"][0]["spans"] == 2), None)

    probe = wait_until(arrived, 30, "the spans")
    assert probe["instances"][0]["dropped"] == 3 + 4
    listed = mesh.get("/insight/get_traces", staff, room="probe", status="error").json()["traces"]
    assert [trace["trace_id"] for trace in listed] == ["ab" * 16]
    shown = mesh.get("/insight/get_trace", staff, trace_id="ab" * 16).json()
    assert [each["name"] for each in shown["spans"]] == ["probe.ask"]
    assert mesh.get("/insight/get_trace", staff, trace_id="0" * 32).status_code == 404
    assert mesh.get("/insight/get_traces", mesh.buyer()).status_code == 403


def test_while_the_room_is_away_its_queue_keeps_the_newest_and_nobody_waits(servers: Mesh) -> None:
    uri = servers.settings["AMQP_URI"]
    with Connection(uri) as connection, connection.channel() as channel:
        queue = QUEUE(channel)
        queue.declare()
        queue.purge()
        publish(uri, *(batch("order", dropped=number) for number in range(2005)))
        wait_until(lambda: queue.queue_declare(passive=True).message_count == 2000, 30, "2000 messages")
        oldest = queue.get(no_ack=True)
        assert oldest.payload["dropped"] == 5
        queue.delete()


# --- the picture ---


def test_the_picture_shows_each_edge_with_its_figures(insight: Transactions) -> None:
    calls = [call(duration=MS * number, status="error" if number > 18 else "ok") for number in range(1, 21)]
    keep(insight, batch("gateway", *calls, span(started_at=microseconds_ago()), dropped=2))
    seen = room(insight).get_topology(minutes=10)
    [edge] = seen["edges"]
    assert (edge["caller"], edge["callee"], edge["error_share"]) == ("gateway", "order", 0.1)
    assert 2 <= edge["calls_a_minute"] <= 20 / 9
    assert 9 * MS < edge["p50"] < 11 * MS
    assert 17 * MS < edge["p95"] < 21 * MS
    assert {node["name"]: node["kind"] for node in seen["nodes"]} == {"gateway": "gateway", "order": "room"}
    assert (seen["spans"], seen["dropped"]) == (21, 2)


def test_a_batch_that_comes_twice_counts_once(insight: Transactions) -> None:
    linked = call(links=["cd" * 16])
    other = call(trace_id=linked["trace_id"])
    for times in (1, 2):
        keep(insight, *[batch("gateway", linked, linked, other)] * times)
    [edge] = room(insight).get_topology(minutes=5)["edges"]
    [trace] = room(insight).get_traces()["traces"]
    assert 2 / 5 <= edge["calls_a_minute"] <= 2 / 4 + 0.001
    assert trace["spans"] == 2
    assert count(insight, "link") == 1


def test_spans_from_another_time_are_counted_as_lost(insight: Transactions) -> None:
    keep(insight, batch("order", call(started_at=0), call(started_at=microseconds_ago(-3600)), call(),
                                   call(started_at=microseconds_ago(3700))))
    seen = room(insight).get_topology()
    assert (seen["spans"], seen["dropped"]) == (1, 3)


# --- traces ---


def test_a_purchase_is_one_trace_however_its_batches_come(insight: Transactions) -> None:
    for order in (1, -1):
        batches, purchase = one_purchase(microseconds_ago(), seed=order)
        for each in batches[::order]:
            keep(insight, each)
        shown = room(insight).get_trace(trace_id=purchase.trace_id)
        ids = [made["span_id"] for _, made in purchase.spans]
        assert sorted(each["span_id"] for each in shown["spans"]) == sorted(ids)
        starts = [each["started_at"] for each in shown["spans"]]
        assert starts == sorted(starts)
        root = purchase.spans[0][1]
        line = shown["trace"]
        assert (line["name"], line["room"], line["status_code"], line["errors"]) == ("POST /order/buy", "gateway", 200,
                                                                                    0)
        assert (line["duration"], line["spans"]) == (root["duration"], len(ids))
        assert line["whole_duration"] > line["duration"]


def test_traces_are_searched(insight: Transactions) -> None:
    at = microseconds_ago(600)
    told = {}
    for number, fate in enumerate(("paid", "taken", "failed")):
        batches, told[fate] = one_purchase(at + number * 60_000 * MS, fate, seed=number)
        for each in batches:
            keep(insight, each)
    order_id = next(made["attributes"]["marquee.order_id"] for _, made in told["taken"].spans
                    if "marquee.order_id" in made["attributes"])
    request_id = told["paid"].spans[0][1]["attributes"]["marquee.request_id"]

    def found(**filters: Any) -> list[str]:
        ids = {trace.trace_id: fate for fate, trace in told.items()}
        return [ids[trace["trace_id"]] for trace in room(insight).get_traces(**filters)["traces"]]

    assert found() == ["failed", "taken", "paid"]
    assert found(room="payment") == found(method="payment.charge") == ["failed", "paid"]
    assert found(room="smtp") == ["paid"]
    assert found(room="nowhere") == []
    assert found(status="error") == ["failed"]
    assert found(status="ok", room="mariadb") == ["taken", "paid"]
    assert found(order_id=order_id) == ["taken"]
    assert found(request_id=request_id) == ["paid"]
    assert found(min_ms=10_000) == []
    assert found(since="2100-01-01T00:00:00Z") == []


def test_traces_are_read_page_by_page(insight: Transactions) -> None:
    at = microseconds_ago()
    calls = [call(started_at=at - number // 2) for number in range(7)]   # two begin at once
    keep(insight, batch("order", *calls))
    pages, cursor = list[list[str]](), {}
    while True:
        reply = room(insight).get_traces(limit=3, **cursor)
        pages.append([trace["trace_id"] for trace in reply["traces"]])
        if not reply["next_cursor"]:
            break
        cursor = {"cursor": reply["next_cursor"]}
    assert [len(page) for page in pages] == [3, 3, 1]
    assert {trace_id for page in pages for trace_id in page} == {each["trace_id"] for each in calls}


def test_linked_traces_are_named_at_both_ends(insight: Transactions) -> None:
    payment, webhook = call(), call()
    webhook["links"] = [payment["trace_id"]]
    keep(insight, batch("payment", payment, webhook))
    first, second = (room(insight).get_trace(trace_id=each["trace_id"]) for each in (payment, webhook))
    assert (first["follows"], first["followed_by"]) == ([], [webhook["trace_id"]])
    assert (second["follows"], second["followed_by"]) == ([payment["trace_id"]], [])


def test_of_traces_that_link_to_each_other_the_later_one_follows(insight: Transactions) -> None:
    at = microseconds_ago()
    payment, webhook, same = call(started_at=at), call(started_at=at + 5), call(started_at=at + 5)
    webhook["links"] = [payment["trace_id"], same["trace_id"]]
    payment["links"] = same["links"] = [webhook["trace_id"]]
    keep(insight, batch("payment", payment, webhook, same))
    ids = {each["trace_id"] for each in (payment, webhook, same)}
    shown = {trace_id: room(insight).get_trace(trace_id=trace_id) for trace_id in ids}
    assert shown[payment["trace_id"]]["follows"] == []
    assert shown[payment["trace_id"]]["followed_by"] == [webhook["trace_id"]]
    for trace_id, found in shown.items():    # also of those that began together
        assert not set(found["follows"]) & set(found["followed_by"])
        assert all(trace_id in shown[cause]["followed_by"] for cause in found["follows"])
        assert all(trace_id in shown[effect]["follows"] for effect in found["followed_by"])



@pytest.mark.parametrize(("method", "fields"), [("get_topology", {}), ("get_traces", {}),
                                                ("get_trace", {"trace_id": "0" * 32})])
def test_only_managers_see_inside(insight: Transactions, method: str, fields: dict[str, str]) -> None:
    for principal, refusal in ((Principal(), Unauthenticated), (Principal("bob", roles=("cook",)), Forbidden)):
        with pytest.raises(refusal):
            getattr(room(insight, principal), method)(**fields)
    with pytest.raises(FieldsInvalid):
        getattr(room(insight), method)(minutes=0, trace_id="x")


# --- purging ---


def test_old_traces_are_purged_whole_until_none_is_left(insight: Transactions,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging_store, "TRACES_AT_A_TIME", 7)
    monkeypatch.setattr(purging_store, "MOST_DELETED", 11)
    monkeypatch.setattr("services.foundation.database.MOST_DELETED", 11)
    for each in busy_mesh(microseconds_ago(3000), minutes=1, count=40):
        keep(insight, each)
    young = call(links=["ab" * 16])
    keep(insight, batch("gateway", young))
    assert count(insight, "span") > 300

    room(insight, kept_hours=0.5).purge()

    assert {table: count(insight, table) for table in TABLES if table != "arrival"} == {
        "trace": 1, "span": 1, "link": 1, "traffic": 1}
    assert room(insight).get_trace(trace_id=young["trace_id"])["trace"]["spans"] == 1


def test_a_trace_is_purged_after_all_its_links(insight: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging_store, "MOST_DELETED", 11)
    monkeypatch.setattr("services.foundation.database.MOST_DELETED", 11)
    keep(insight, batch("order", call(started_at=microseconds_ago(3000),
                                      links=[f"{number:032x}" for number in range(30)])))
    room(insight, kept_hours=0.5).purge()
    assert {table: count(insight, table) for table in ("trace", "span", "link")} == {"trace": 0, "span": 0, "link": 0}


def test_the_oldest_traces_are_purged_when_there_are_too_many_spans(insight: Transactions) -> None:
    traces = [call(started_at=microseconds_ago(10 - number)) for number in range(5)]
    more = [call(trace_id=each["trace_id"], started_at=each["started_at"]) for each in traces]
    keep(insight, batch("order", *traces, *more))
    room(insight, kept_spans=7).purge()
    kept = [trace["trace_id"] for trace in room(insight).get_traces()["traces"]]
    assert kept == [each["trace_id"] for each in traces[:1:-1]]
    assert count(insight, "span") == 6
    room(insight, kept_spans=7).purge()
    assert count(insight, "span") == 6


@pytest.mark.parametrize("guarded", [True, False])
def test_a_span_that_comes_while_its_trace_is_purged_stays_with_a_trace(insight: Transactions, guarded: bool,
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes after the other spans are gone and before the trace is; without the lock, nothing would show it."""
    old = call(started_at=microseconds_ago(3000))
    late = call(trace_id=old["trace_id"], started_at=old["started_at"])
    keep(insight, batch("order", old))
    keeping = threading.Thread(target=lambda: keep(insight, batch("order", late)))
    delete_some = purging_store.delete_some

    def delete(tx: Any, table: Any, *which: Any) -> int:
        if table is purging_store.traces:
            keeping.start()
            keeping.join(1)
            assert keeping.is_alive() is guarded
        return delete_some(tx, table, *which)

    monkeypatch.setattr(purging_store, "delete_some", delete)
    if not guarded:
        monkeypatch.setattr("sqlalchemy.Select.with_for_update", lambda query, **_: query)
    assert insight.run(lambda tx: purging_store.purge_traces(tx, microseconds_ago(60))) == 2
    keeping.join()

    assert (count(insight, "span"), count(insight, "trace")) == ((1, 1) if guarded else (1, 0))


def test_purging_survives_an_error(insight: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging_store, "horizon", lambda *_: 1 / 0)
    room(insight).purge()


def test_batches_are_kept_by_one_statement_for_each_table(insight: Transactions) -> None:
    statements: list[str] = []
    calls = [call(links=["ab" * 16]) for _ in range(300)]

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    def keep_both(tx: Any) -> None:
        event.listen(tx, "before_cursor_execute", note)
        received = [ReceivedBatch("gateway", "one", calls[:150], 0), ReceivedBatch("order", "two", calls[150:], 0)]
        ingestion_store.ingest(tx, received, utc_now())

    insight.run(keep_both)
    assert len(statements) == 5
    assert count(insight, "span") == 300
