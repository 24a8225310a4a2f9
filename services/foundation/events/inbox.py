"""What a consumer has done already: an event may come twice, its effect may not."""

import datetime as dt

from sqlalchemy import Column, MetaData, Table, delete, insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from services.foundation.database import Id, UtcDateTime, utc_now
from services.foundation.events.consumers import Delivery


def inbox_table(metadata: MetaData) -> Table:
    """The table every room that consumes events has."""
    return Table(
        "inbox", metadata,
        Column("consumer", Id(128), primary_key=True),
        Column("event_id", Id(), primary_key=True),
        Column("taken_at", UtcDateTime, nullable=False, index=True),
    )


def first_time(tx: Connection, table: Table, delivery: Delivery) -> bool:
    """Whether this consumer meets the event for the first time. Ask in the transaction of the effect, before it.

    Waits for a twin under way elsewhere; should that be rolled back, this one is the first.
    """
    try:
        tx.execute(insert(table), {"consumer": delivery.consumer, "event_id": delivery.event_id,
                                   "taken_at": utc_now()})
    except IntegrityError:
        return False
    return True


def forget(tx: Connection, table: Table, before: dt.datetime) -> int:
    """Drop what was noted before that moment, when none of it can come again; returns how many."""
    old = delete(table).where(table.c.taken_at < before).with_dialect_options(mysql_limit=1000)
    return int(tx.execute(old).rowcount)
