"""The insight room's tables: spans as they came, and beside them what would be slow to count when it is asked for."""

import datetime as dt

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, SmallInteger
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, UtcDateTime

BLOB = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
TRACE_ID, SPAN_ID, NAME = Id(32, "ascii_bin"), Id(16, "ascii_bin"), Id(120)


class Base(DeclarativeBase):
    """The insight room's schema. Moments of spans and durations are in microseconds."""

    type_annotation_map = {int: BigInteger, dt.datetime: UtcDateTime}


class Trace(Base):
    """What the spans of a trace that have come so far add up to.

    Its name, room, duration and status code are those of the earliest of them.
    """

    __tablename__ = "trace"
    __table_args__ = (Index("traces_by_time", "started_at", "trace_id"),)

    trace_id: Mapped[str] = mapped_column(TRACE_ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    room: Mapped[str] = mapped_column(Id())
    duration: Mapped[int]
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    started_at: Mapped[int]
    ended_at: Mapped[int]
    spans: Mapped[int] = mapped_column(Integer)
    errors: Mapped[int] = mapped_column(Integer)


class Span(Base):
    """A span. `peer`: whom it called, a name in the picture. `details`: its attributes, events and links as JSON."""

    __tablename__ = "span"
    __table_args__ = (Index("rooms_of_a_trace", "trace_id", "room"), Index("peers_of_a_trace", "trace_id", "peer"),
                      Index("names_of_a_trace", "trace_id", "name"))

    trace_id: Mapped[str] = mapped_column(TRACE_ID, primary_key=True)
    span_id: Mapped[str] = mapped_column(SPAN_ID, primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(SPAN_ID)
    room: Mapped[str] = mapped_column(Id())
    instance: Mapped[str] = mapped_column(Id(128))
    name: Mapped[str] = mapped_column(NAME)
    kind: Mapped[str] = mapped_column(Id(16))
    peer: Mapped[str | None] = mapped_column(Id())
    status: Mapped[str] = mapped_column(Id(16))
    started_at: Mapped[int]
    duration: Mapped[int]
    request_id: Mapped[str | None] = mapped_column(Id(), index=True)
    order_id: Mapped[str | None] = mapped_column(Id(), index=True)
    details: Mapped[bytes] = mapped_column(BLOB)


class Link(Base):
    """A span of `trace_id` names `linked_id`, such as a webhook the payment that it tells of; that may do so, too."""

    __tablename__ = "link"

    trace_id: Mapped[str] = mapped_column(TRACE_ID, primary_key=True)
    linked_id: Mapped[str] = mapped_column(TRACE_ID, primary_key=True, index=True)


class Traffic(Base):
    """How many calls went along an edge in a minute, by the bucket of their duration."""

    __tablename__ = "traffic"

    minute: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    caller: Mapped[str] = mapped_column(Id(), primary_key=True)
    callee: Mapped[str] = mapped_column(Id(), primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    calls: Mapped[int]
    errors: Mapped[int]


class Arrival(Base):
    """What came from a process in a minute, and how much it had lost."""

    __tablename__ = "arrival"

    minute: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    room: Mapped[str] = mapped_column(Id(), primary_key=True)
    instance: Mapped[str] = mapped_column(Id(128), primary_key=True)
    spans: Mapped[int]
    dropped: Mapped[int]
    last_seen_at: Mapped[dt.datetime]
