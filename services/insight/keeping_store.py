"""How spans are kept, and counted for the traces and edges that they belong to: one statement for each table."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.engine import Connection

from services.insight import rules
from services.insight.models import Base

traces, spans, links, traffic, arrivals = (
    Base.metadata.tables[name] for name in ("trace", "span", "link", "traffic", "arrival"))
Fields = dict[str, Any]


def keep(tx: Connection, batch: Fields, found: list[Fields], lost: int, now: dt.datetime) -> None:
    """Keep the spans `found` of a schemas.insight.SpanBatch; one that is there already is not counted again."""
    room = batch["room"]
    new = _add_spans(tx, room, batch["instance"], found)
    _add_up(tx, traces, sorted(rules.summaries(room, new), key=lambda row: str(row["trace_id"])), _joined_trace)
    _add_up(tx, links, [{"trace_id": span["trace_id"], "linked_id": linked} for span in new
                        for linked in span["links"]], lambda came: {"linked_id": came.linked_id})
    _add_up(tx, traffic, [{**flow._asdict(), **count} for flow, count in sorted(rules.flows(room, new).items())],
            lambda came: {name: traffic.c[name] + came[name] for name in ("calls", "errors")})
    _add_up(tx, arrivals, [{"minute": int(now.timestamp()) // 60, "room": room, "instance": batch["instance"],
                            "spans": len(new), "dropped": lost, "last_seen_at": now}], _joined_arrival)


def _add_spans(tx: Connection, room: str, instance: str, found: list[Fields]) -> list[Fields]:
    """Insert spans by one statement, and return those that were not there."""
    if not found:
        return []
    rows = [_row(room, instance, span) for span in found]
    query = insert(spans).prefix_with("IGNORE").returning(spans.c.trace_id, spans.c.span_id)
    new = {tuple(row) for row in tx.execute(query, rows)}
    return list({key: span for span in found if (key := (span["trace_id"], span["span_id"])) in new}.values())


def _row(room: str, instance: str, span: Fields) -> Fields:
    attributes = span["attributes"]
    edge = rules.crossing(room, span)
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


def _add_up(tx: Connection, table: Any, rows: list[Fields], sums: Callable[[Any], Any]) -> None:
    """Insert rows, or give those that are there what `sums` makes of the row that came."""
    if rows:
        query = insert(table)
        tx.execute(query.on_duplicate_key_update(sums(query.inserted)), rows)


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
