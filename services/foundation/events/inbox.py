"""The inbox: which events a consumer has handled, so that an event that comes twice has its effect once."""

import datetime as dt

from sqlalchemy import Column, MetaData, Table, insert, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from services.foundation.column_types import Id, UtcDateTime
from services.foundation.database import delete_some, utc_now
from services.foundation.events.consumers import Delivery


def inbox_table(metadata: MetaData) -> Table:
    """Define the table `inbox`, which every room that consumes events has in its models."""
    return Table(
        "inbox", metadata,
        Column("consumer", Id(128), primary_key=True),
        Column("event_id", Id(), primary_key=True),
        Column("taken_at", UtcDateTime, nullable=False, index=True),
    )


def first_time(tx: Connection, table: Table, delivery: Delivery) -> bool:
    """Note the event as handled; returns False if this consumer has handled it before.

    Call it in the transaction of the effect, before the effect. If another transaction is just handling the same event,
    it waits for the outcome: after a rollback over there, this one is the first.
    """
    try:
        tx.execute(insert(table), {"consumer": delivery.consumer, "event_id": delivery.event_id,
                                   "taken_at": utc_now()})
    except IntegrityError:
        return False
    return True


def purge(tx: Connection, table: Table, before: dt.datetime) -> int:
    """Delete some of the notes made `before` that moment, and return how many; 0 means that none is left.

    The events must be too old to be delivered again.
    """
    return delete_some(tx, table, table.c.taken_at < before)


def keep_longer(tx: Connection, table: Table) -> None:
    """Keep all notes as long as if they were made now: events of that time are about to be delivered again."""
    tx.execute(update(table).values(taken_at=utc_now()))
