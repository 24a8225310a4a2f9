"""The queries of what is asked for: the picture of the mesh, and traces."""

import json
from collections.abc import Iterable, Set
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.engine import Connection

from services.insight import rules
from services.insight.models import Base

traces, spans, links, traffic, arrivals = (
    Base.metadata.tables[name] for name in ("trace", "span", "link", "traffic", "arrival"))
MOST_SPANS_SHOWN = 2000
Fields = dict[str, Any]


# --- the picture ---


def flows_since(tx: Connection, minute: int) -> Iterable[Row[Any]]:
    """The `calls` and `errors` by `caller`, `callee` and `bucket` from this minute on."""
    by = (traffic.c.caller, traffic.c.callee, traffic.c.bucket)
    return tx.execute(select(*by, func.sum(traffic.c.calls).label("calls"), func.sum(traffic.c.errors).label("errors"))
                      .where(traffic.c.minute >= minute).group_by(*by))


def arrivals_since(tx: Connection, minute: int) -> Iterable[Row[Any]]:
    """Each process from which something came from this minute on, by room and instance."""
    by = (arrivals.c.room, arrivals.c.instance)
    return tx.execute(select(*by, func.sum(arrivals.c.spans).label("spans"), func.sum(arrivals.c.dropped)
                             .label("dropped"), func.max(arrivals.c.last_seen_at).label("last_seen_at"))
                      .where(arrivals.c.minute >= minute).group_by(*by).order_by(*by))


# --- traces ---


def find_traces(tx: Connection, wanted: Fields, limit: int) -> list[Row[Any]]:
    """Traces by the filters of schemas.insight.traces.TracesRequest, the newest first."""
    query = select(traces).where(*_conditions(wanted))
    return list(tx.execute(query.order_by(traces.c.started_at.desc(), traces.c.trace_id.desc()).limit(limit)))


def _conditions(wanted: Fields) -> Iterable[ColumnElement[bool]]:
    if "since" in wanted:
        yield traces.c.started_at >= int(wanted["since"].timestamp() * 1_000_000)
    if "min_ms" in wanted:
        yield traces.c.duration >= wanted["min_ms"] * 1000
    if "status" in wanted:
        yield traces.c.errors > 0 if wanted["status"] == "error" else traces.c.errors == 0
    if "cursor" in wanted:
        started_at, trace_id = rules.place(wanted["cursor"])
        yield (traces.c.started_at < started_at) | (traces.c.started_at == started_at) & (traces.c.trace_id < trace_id)
    for name in {"request_id", "order_id"} & wanted.keys():
        yield traces.c.trace_id.in_(select(spans.c.trace_id).where(spans.c[name] == wanted[name]))
    if "method" in wanted:
        yield _has_span(spans.c.name == wanted["method"])
    if "room" in wanted:
        yield _has_span(spans.c.room == wanted["room"]) | _has_span(spans.c.peer == wanted["room"])


def _has_span(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(spans.c.trace_id).where(spans.c.trace_id == traces.c.trace_id, condition).exists()


def find_trace(tx: Connection, trace_id: str) -> Row[Any] | None:
    """The trace with this id."""
    return tx.execute(select(traces).where(traces.c.trace_id == trace_id)).first()


def spans_of(tx: Connection, trace_id: str) -> Iterable[Fields]:
    """The first MOST_SPANS_SHOWN spans of a trace, as schemas.insight.traces.KeptSpan has them, the earliest first."""
    query = select(spans).where(spans.c.trace_id == trace_id).order_by(spans.c.started_at, spans.c.span_id)
    return [{**row._mapping, **json.loads(row.details)} for row in tx.execute(query.limit(MOST_SPANS_SHOWN))]


def linked(tx: Connection, trace: Row[Any]) -> tuple[list[str], list[str]]:
    """The traces that this one follows from, and those that follow from it; none is among both.

    Work that follows from another trace links to it and is linked from there (tracing.spans.following): of two such
    traces, the one that began later follows from the other.
    """
    causes = list(tx.execute(select(links.c.linked_id).where(links.c.trace_id == trace.trace_id).limit(100)).scalars())
    effects = list(tx.execute(select(links.c.trace_id).where(links.c.linked_id == trace.trace_id).limit(100)).scalars())
    mutual = set(causes) & set(effects)
    earlier = _earlier(tx, trace, mutual) if mutual else set()
    return ([each for each in causes if each not in mutual or each in earlier],
            [each for each in effects if each not in earlier])


def _earlier(tx: Connection, trace: Row[Any], others: Set[str]) -> set[str]:
    """Those of the other traces that began before this one."""
    is_before = (traces.c.started_at < trace.started_at) | ((traces.c.started_at == trace.started_at)
                                                           & (traces.c.trace_id < trace.trace_id))
    return set(tx.execute(select(traces.c.trace_id).where(traces.c.trace_id.in_(others), is_before)).scalars())
