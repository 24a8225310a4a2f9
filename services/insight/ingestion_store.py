"""Ingestion: spans are kept, and counted for the traces and edges that they belong to, by one statement a table."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlalchemy.dialects.mysql import Insert, insert
from sqlalchemy.engine import Connection

from services.insight import rules
from services.insight.models import Base

traces, spans, links, traffic, arrivals = (
    Base.metadata.tables[name] for name in ("trace", "span", "link", "traffic", "arrival"))
Fields = dict[str, Any]


class ReceivedBatch(NamedTuple):
    """What came from a process at once: spans of a schemas.insight.SpanBatch, and how many others are `lost`."""

    room: str
    instance: str
    spans: list[Fields]
    lost: int


def ingest(tx: Connection, received: Sequence[ReceivedBatch], now: dt.datetime) -> None:
    """Keep the spans; one that is there already is not counted again."""
    new = _add_spans(tx, received)
    by_room: dict[str, list[Fields]] = defaultdict(list)
    for batch, found in zip(received, new, strict=True):
        by_room[batch.room] += found
    minute = int(now.timestamp()) // 60
    _write(tx, ADD_TRACES, sorted((row for room, found in by_room.items() for row in rules.summaries(room, found)),
                                  key=lambda row: str(row["trace_id"])))
    _write(tx, ADD_LINKS, [{"trace_id": span["trace_id"], "linked_id": linked} for found in new for span in found
                           for linked in span["links"]])
    _write(tx, ADD_TRAFFIC, [{**flow._asdict(), **count} for room, found in sorted(by_room.items())
                             for flow, count in sorted(rules.flows(room, found).items())])
    _write(tx, ADD_ARRIVALS, [{"minute": minute, "room": batch.room, "instance": batch.instance, "spans": len(found),
                               "dropped": batch.lost, "last_seen_at": now} for batch, found in
                              sorted(zip(received, new, strict=True), key=lambda pair: pair[0][:2])])


def _add_spans(tx: Connection, received: Sequence[ReceivedBatch]) -> list[list[Fields]]:
    """Insert spans by one statement, and return those of each batch that were not there."""
    rows = [_row(batch.room, batch.instance, span) for batch in received for span in batch.spans]
    left = {tuple(row) for row in tx.execute(ADD_SPANS, rows)} if rows else set()
    new: list[list[Fields]] = []
    for batch in received:
        found = {key: span for span in batch.spans if (key := (span["trace_id"], span["span_id"])) in left}
        left -= found.keys()
        new.append(list(found.values()))
    return new


def _row(room: str, instance: str, span: Fields) -> Fields:
    attributes = span["attributes"]
    edge = rules.edge_of(room, span)
    details = {"attributes": rules.slimmed(attributes), "events": rules.slimmed_events(span["events"]),
               "links": span["links"]}
    return {**{name: span[name] for name in ("trace_id", "span_id", "parent_id", "kind", "status", "started_at",
                                             "duration")},
            "room": room, "instance": instance, "name": span["name"][:rules.LONGEST_NAME],
            "peer": next((name for name in edge or () if name != room), None),
            "request_id": _id(attributes.get("marquee.request_id")),
            "order_id": _id(attributes.get("marquee.order_id")),
            "details": json.dumps(details).encode()}


def _id(value: Any) -> str | None:
    return str(value)[:64] if value else None


def _write(tx: Connection, statement: Insert, rows: list[Fields]) -> None:
    if rows:
        tx.execute(statement, rows)


def _joined_trace(came: Any) -> list[tuple[str, Any]]:
    # MariaDB sets these in order, so `started_at` comes after those that read it.
    of_the_root = [(name, func.if_(came.started_at < traces.c.started_at, came[name], traces.c[name]))
                   for name in ("name", "room", "duration", "status_code")]
    return [*of_the_root, ("started_at", func.least(traces.c.started_at, came.started_at)),
            ("ended_at", func.greatest(traces.c.ended_at, came.ended_at)),
            ("spans", traces.c.spans + came.spans), ("errors", traces.c.errors + came.errors)]


def _joined_arrival(came: Any) -> Fields:
    return {"spans": arrivals.c.spans + came.spans, "dropped": arrivals.c.dropped + came.dropped,
            "last_seen_at": func.greatest(arrivals.c.last_seen_at, came.last_seen_at)}


def _adding(table: Any, sums: Callable[[Any], Any]) -> Insert:
    """Inserts rows, or gives those that are there what `sums` makes of the row that came."""
    query = insert(table)
    return query.on_duplicate_key_update(sums(query.inserted))


# Made once: to put a statement together takes as long as to send it.
ADD_SPANS = insert(spans).prefix_with("IGNORE").returning(spans.c.trace_id, spans.c.span_id)
ADD_TRACES = _adding(traces, _joined_trace)
ADD_LINKS = _adding(links, lambda came: {"linked_id": came.linked_id})
ADD_TRAFFIC = _adding(traffic, lambda came: {name: traffic.c[name] + came[name] for name in ("calls", "errors")})
ADD_ARRIVALS = _adding(arrivals, _joined_arrival)
