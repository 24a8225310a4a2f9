"""What is deleted because it is too old or too much: a little at a time, so that no transaction is long."""

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from services.foundation.database import MOST_DELETED, delete_some
from services.insight.models import Base

traces, spans, links, traffic, arrivals = (
    Base.metadata.tables[name] for name in ("trace", "span", "link", "traffic", "arrival"))
TRACES_AT_A_TIME = 200


def horizon(tx: Connection, oldest: int, kept_spans: int) -> int:
    """The moment before which traces are purged: `oldest`, or a later one if more than `kept_spans` would stay."""
    total = func.sum(traces.c.spans).over(order_by=(traces.c.started_at.desc(), traces.c.trace_id.desc()))
    counted = select(traces.c.started_at, total.label("total")).subquery()
    latest = tx.execute(select(func.max(counted.c.started_at)).where(counted.c.total > kept_spans)).scalar()
    return max(oldest, 0 if latest is None else int(latest) + 1)


def purge_traces(tx: Connection, before: int) -> int:
    """Delete some of the traces that began before then, with all they have; returns how many rows: 0, none is left.

    The traces are locked first. A span that comes for one of them meanwhile waits, and then begins it anew.
    """
    old = select(traces.c.trace_id).where(traces.c.started_at < before).order_by(traces.c.started_at)
    ids = list(tx.execute(old.limit(TRACES_AT_A_TIME).with_for_update()).scalars())
    if not ids:
        return 0
    gone = 0
    for table in (spans, links, traces):
        if gone < MOST_DELETED:   # else there may be more of what comes before, and these traces are met again
            gone += delete_some(tx, table, table.c.trace_id.in_(ids))
    return gone


def purge_counts(tx: Connection, before: int) -> int:
    """Delete some of the counts of minutes before this one; returns how many: 0, none is left."""
    return sum(delete_some(tx, table, table.c.minute < before) for table in (traffic, arrivals))
