"""The transactional outbox: events are written in the transaction that makes them true; the relay publishes them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
from opentelemetry.trace import SpanKind
from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.mysql import MEDIUMBLOB
from sqlalchemy.engine import Connection

from schemas.base import Event
from services.foundation.column_types import Id, UtcDateTime
from services.foundation.database import delete_some, utc_now
from services.foundation.events.topology import event_attributes
from services.foundation.ids import new_id
from services.foundation.tracing import spans, trace_context


def outbox_table(metadata: MetaData) -> Table:
    """Define the table `outbox`, which every room with events has in its models."""
    json = LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")
    return Table(
        "outbox", metadata,
        Column("event_id", Id(32), primary_key=True),
        Column("type", String(64), nullable=False),
        Column("version", SmallInteger, nullable=False),
        Column("about", Id(), nullable=False),
        Column("sequence", Integer, nullable=False),
        Column("occurred_at", UtcDateTime, nullable=False),
        Column("trace", json, nullable=False),
        Column("body", json, nullable=False),
        Column("published_at", UtcDateTime),
        UniqueConstraint("about", "sequence", name="one_event_a_change"),
        Index("outbox_by_publication", "published_at", "event_id"),
    )


def write(tx: Connection, table: Table, event: Event, *, about: str, sequence: int, body: Any) -> None:
    """Write that `event` has happened to the thing with the id `about`, as its change number `sequence`, from 1.

    It is published after the commit, at least once. `body` is dumped by the event's schema. A change has one event: a
    second one of the same number raises sqlalchemy.exc.IntegrityError.
    """
    dumped = event.dump(body)
    with spans.span(f"send {event.type}", SpanKind.PRODUCER, event_attributes(event, "send", dumped)):
        tx.execute(insert(table), {
            "event_id": new_id(), "type": event.type, "version": event.version, "about": about, "sequence": sequence,
            "occurred_at": utc_now(), "trace": orjson.dumps(_trace(tx)), "body": orjson.dumps(dumped),
            "published_at": None,
        })
    tx.info["wrote_event"] = True


def _trace(tx: Connection) -> dict[str, Any]:
    """The ids of the call at hand, and the span that its consumers' spans follow from."""
    ids: dict[str, Any] = tx.info.get("trace", {})
    here = trace_context.traceparent()
    return {**ids, "traceparent": here} if here else ids


def lock_unpublished(tx: Connection, table: Table, most: int) -> list[Row[Any]]:
    """The oldest unpublished events, at most so many, locked until the transaction ends.

    Rows that another relay has locked are skipped (SKIP LOCKED), so the relays of several processes share the work.
    """
    query = select(table).where(table.c.published_at.is_(None)).order_by(table.c.event_id).limit(most)
    return list(tx.execute(query.with_for_update(skip_locked=True)))


def envelope(row: Row[Any]) -> dict[str, Any]:
    """A row as it goes over the wire: plain JSON types, as schemas.base.Envelope reads them."""
    return {
        "event_id": row.event_id, "type": row.type, "version": row.version, "about": row.about,
        "sequence": row.sequence, "occurred_at": row.occurred_at.isoformat(timespec="milliseconds"),
        "trace": orjson.loads(row.trace), "body": orjson.loads(row.body),
    }


def mark_published(tx: Connection, table: Table, event_ids: Sequence[str]) -> None:
    """Note that the broker has confirmed these events."""
    if event_ids:
        tx.execute(update(table).where(table.c.event_id.in_(event_ids)).values(published_at=utc_now()))


def purge_published(tx: Connection, table: Table, before: dt.datetime) -> int:
    """Delete some of the events published `before` that moment, and return how many; 0 means that none is left."""
    return delete_some(tx, table, table.c.published_at < before)


def publish_again(tx: Connection, table: Table, since: dt.datetime) -> int:
    """Mark the events that were published `since` that moment as unpublished, and return how many there were.

    A broker that has lost its queues gets them again; consumers that had handled one know it by its id.
    """
    return int(tx.execute(update(table).where(table.c.published_at >= since).values(published_at=None)).rowcount)
