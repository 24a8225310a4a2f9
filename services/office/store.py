"""The queries of the operation log, and of the money of which other rooms have told."""

import datetime as dt
from collections.abc import Iterable, Iterator, Set
from typing import Any

from sqlalchemy import Row, func, insert, or_, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection

from services.office import rules
from services.office.models import Base
from services.office.rules import FACTS, Entry, Head, Movement

entries, head, movements = (Base.metadata.tables[name] for name in ("entry", "head", "movement"))
AT_A_TIME = 500
# Of whose money the order, payment and wallet rooms tell as well.
COMPARED = ("order.cancel_screening", "review.decide", "wallet.adjust")
Fields = dict[str, Any]
Cinemas = Set[str] | None  # None: all, and what concerns no cinema


# --- the log ---


def append(tx: Connection, operation: Fields) -> bool:
    """Append an operation in JSON types to the log; False, and nothing changed, if it is there already."""
    last = lock_head(tx)
    if tx.execute(select(entries.c.number).where(entries.c.operation_id == operation["operation_id"])).first():
        return False
    number, content = last.number + 1, rules.canonical(operation)
    digest = rules.digest(number, last.digest, content)
    tx.execute(insert(entries), {"number": number, "previous": last.digest, "digest": digest, "content": content,
                                 **rules.facts(operation)})
    tx.execute(update(head).values(number=number, digest=digest))
    return True


def lock_head(tx: Connection) -> Head:
    """The last number and digest, locked until the transaction ends, so that two processes can't both follow it."""
    return Head(*tx.execute(select(head.c.number, head.c.digest).with_for_update()).one())


def read_head(tx: Connection) -> Head:
    """The last number and digest."""
    return Head(*tx.execute(select(head.c.number, head.c.digest)).one())


def last_before(tx: Connection, moment: dt.datetime) -> Head | None:
    """The entry before all that were operated from that moment on, as a head; None if there is no such entry."""
    first = select(func.min(entries.c.number)).where(entries.c.operated_at >= moment)
    number = tx.execute(first).scalar()
    query = select(entries.c.number, entries.c.digest).order_by(entries.c.number.desc()).limit(1)
    row = tx.execute(query if number is None else query.where(entries.c.number < number)).first()
    return Head(*row) if row else None


def all_entries(tx: Connection, after: Head | None = None) -> Iterator[Entry]:
    """Every entry by its number, or those behind one, read a few hundred at a time."""
    facts = [entries.c[name] for name in FACTS]
    last = after and after.number
    while True:
        query = select(entries.c.number, entries.c.previous, entries.c.digest, entries.c.content, *facts)
        query = query if last is None else query.where(entries.c.number > last)
        rows = tx.execute(query.order_by(entries.c.number).limit(AT_A_TIME)).all()
        for number, previous, digest, content, *values in rows:
            yield Entry(number, previous, digest, content, tuple(values))
        if len(rows) < AT_A_TIME:
            return
        last = rows[-1].number


def digest_of(tx: Connection, number: int) -> str | None:
    """The digest of an entry; None: there is no such entry."""
    return tx.execute(select(entries.c.digest).where(entries.c.number == number)).scalar()


def find_entries(tx: Connection, cinemas: Cinemas, wanted: Fields, before: int | None, limit: int) -> list[Row[Any]]:
    """Entries of these cinemas, the newest first, by the filters of schemas.office.LogRequest."""
    query = _of(select(entries), entries, cinemas)
    if "actor" in wanted:
        query = query.where(or_(entries.c.actor == wanted["actor"], entries.c.actor_id == wanted["actor"]))
    for name in {"about", "method"} & wanted.keys():
        query = query.where(entries.c[name] == wanted[name])
    query = _within(query, entries.c.operated_at, wanted.get("from"), wanted.get("to"))
    if before is not None:
        query = query.where(entries.c.number < before)
    return list(tx.execute(query.order_by(entries.c.number.desc()).limit(limit)))


# --- the money ---


def record_movement(tx: Connection, row: Fields) -> None:
    """Record what went back for a source; the events of one source may come twice and in any order."""
    new = upsert(movements).values(**row)
    tx.execute(new.on_duplicate_key_update(
        refunded_before=func.coalesce(movements.c.refunded_before, new.inserted.refunded_before),
        refunded=func.greatest(movements.c.refunded, new.inserted.refunded)))


def logged_sums(tx: Connection, cinemas: Cinemas, since: dt.datetime, until: dt.datetime) -> list[Row[Any]]:
    """The money of that time by method and currency: method, currency, entries, amount."""
    query = _within(_of(select(
        entries.c.method, entries.c.currency, func.count().label("entries"), func.sum(entries.c.amount).label("amount"),
    ).where(entries.c.amount.is_not(None)), entries, cinemas), entries.c.operated_at, since, until)
    return list(tx.execute(query.group_by(entries.c.method, entries.c.currency).order_by(entries.c.method)))


def sources(tx: Connection, cinemas: Cinemas, since: dt.datetime, until: dt.datetime) -> list[str]:
    """Whose money the log, or another room, says has moved in that time."""
    ours = _of(select(entries.c.source_id).where(entries.c.method.in_(COMPARED), entries.c.source_id.is_not(None)),
               entries, cinemas)
    theirs = _of(select(movements.c.source_id), movements, cinemas)
    found = (*tx.execute(_within(ours, entries.c.operated_at, since, until)).scalars(),
             *tx.execute(_within(theirs, movements.c.moved_at, since, until)).scalars())
    return sorted(set(found))


def logged(tx: Connection, source_ids: Iterable[str]) -> list[Movement]:
    """What the log says has moved for these sources, at any time."""
    columns = (entries.c.source_id, entries.c.currency, entries.c.amount)
    rows = tx.execute(select(*columns).where(entries.c.method.in_(COMPARED), entries.c.source_id.in_(source_ids)))
    return [Movement(*row) for row in rows if row.amount]


def moved(tx: Connection, source_ids: Iterable[str]) -> list[Movement]:
    """What other rooms say has moved for these sources, at any time."""
    amount = movements.c.refunded_before - movements.c.refunded
    rows = tx.execute(select(movements.c.source_id, movements.c.currency, amount.label("amount"))
                      .where(movements.c.source_id.in_(source_ids)))
    return [Movement(*row) for row in rows if row.amount]


def _of(query: Any, table: Any, cinemas: Cinemas) -> Any:
    return query if cinemas is None else query.where(table.c.cinema_id.in_(cinemas))


def _within(query: Any, column: Any, since: dt.datetime | None, until: dt.datetime | None) -> Any:
    if since is not None:
        query = query.where(column >= since)
    return query if until is None else query.where(column < until)
