"""The queries on members, entries, orders and check-ins. Whatever changes a member locks its row first."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, insert, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from services.foundation.ids import first_id
from services.loyalty.models import Base

members, entries, orders, check_ins = (
    Base.metadata.tables[name] for name in ("member", "entry", "order_points", "check_in"))
Rows = Sequence[Row[Any]]
AT_A_TIME = 500  # rows that a comparison reads
NEW_MEMBER = {"balance": 0, "lifetime": 0, "time_zone": None, "zone_since": None, "has_chosen": False,
              "profile_zone": None, "profile_version": 0, "cinema_zone": None, "bought_at": None}


# --- members ---


def lock_member(tx: Connection, user_id: str) -> Row[Any]:
    """The member, locked until the transaction ends; a new one if need be."""
    _insert_and_lock(tx, members, {"user_id": user_id, **NEW_MEMBER})
    return tx.execute(select(members).where(members.c.user_id == user_id)).one()


def member(tx: Connection, user_id: str) -> Row[Any] | None:
    """The member, if there is one."""
    return tx.execute(select(members).where(members.c.user_id == user_id)).first()


def change_member(tx: Connection, user_id: str, **changes: Any) -> None:
    """Set these columns of a member that this transaction has locked."""
    tx.execute(update(members).where(members.c.user_id == user_id).values(changes))


# --- entries ---


def add_entry(tx: Connection, entry: dict[str, Any]) -> bool:
    """Write an entry; False, and nothing is written, if its source has one of this kind."""
    try:
        tx.execute(insert(entries), entry)
    except IntegrityError:
        return False
    return True


def add_points(tx: Connection, user_id: str, points: int, lifetime: int) -> None:
    """Add to the sums that are kept beside the entries."""
    tx.execute(update(members).where(members.c.user_id == user_id).values(
        balance=members.c.balance + points, lifetime=members.c.lifetime + lifetime))


def entries_of(tx: Connection, user_id: str, before: str | None, limit: int) -> Rows:
    """The member's entries, the newest first, older than the entry `before`."""
    query = select(entries).where(entries.c.user_id == user_id)
    if before is not None:
        query = query.where(entries.c.entry_id < before)
    return tx.execute(query.order_by(entries.c.entry_id.desc()).limit(limit)).all()


def taken_back(tx: Connection, order_id: str) -> int:
    """The points that refunds of an order have taken back so far."""
    query = select(func.coalesce(func.sum(entries.c.points), 0))
    return -int(tx.execute(query.where(entries.c.order_id == order_id, entries.c.kind == "taken_back")).scalar_one())


def differences(tx: Connection, since: dt.datetime | None = None) -> list[Any]:
    """Members whose sums differ from their entries: user_id, balance, lifetime, and both as the entries have them.

    `since`: of the members that have changed since then, or have entries that were written since then.
    """
    balance, lifetime = (func.coalesce(func.sum(column), 0) for column in (
        entries.c.points, case((entries.c.kind == "redeemed", 0), else_=entries.c.points)))
    kept = (members.c.user_id, members.c.balance, members.c.lifetime)
    query = select(*kept, balance.label("entries_balance"), lifetime.label("entries_lifetime")).select_from(
        members.outerjoin(entries, entries.c.user_id == members.c.user_id)).group_by(*kept)
    differing = query.having((members.c.balance != balance) | (members.c.lifetime != lifetime))
    return [row for which in _pages(tx, members.c.user_id, entries.c.user_id, since)
            for row in tx.execute(differing.where(which))]


def points_of_orders(tx: Connection, since: dt.datetime | None = None) -> Iterator[Row[Any]]:
    """Every paid order of a member with the sum of its entries, `booked`; `since`: of those changed since then."""
    booked = func.coalesce(func.sum(entries.c.points), 0).label("booked")
    query = select(orders, booked).select_from(orders.outerjoin(
        entries, entries.c.order_id == orders.c.order_id)).where(
            orders.c.is_paid, ~orders.c.is_guest).group_by(orders.c.order_id)
    for which in _pages(tx, orders.c.order_id, entries.c.order_id, since):
        yield from tx.execute(query.where(which)).all()


def _pages(tx: Connection, key: Any, of_entries: Any, since: dt.datetime | None) -> Iterator[ColumnElement[bool]]:
    """Conditions on the key of a table, each of which finds AT_A_TIME rows; together all, or those of the window."""
    if since is None:
        last = ""
        while page := tx.execute(select(key).where(key > last).order_by(key).limit(AT_A_TIME)).scalars().all():
            yield key.between(page[0], page[-1])
            last = page[-1]
        return
    written = select(of_entries).where(entries.c.entry_id >= first_id(since), of_entries.is_not(None))
    found = sorted(tx.execute(select(key).where(key.table.c.changed_at >= since).union(written)).scalars())
    for start in range(0, len(found), AT_A_TIME):
        yield key.in_(found[start:start + AT_A_TIME])


# --- orders ---


def lock_order(tx: Connection, order: dict[str, Any]) -> Row[Any]:
    """What is known of an order, locked until the transaction ends; `order` is written if it was unknown."""
    _insert_and_lock(tx, orders, order)
    return tx.execute(select(orders).where(orders.c.order_id == order["order_id"])).one()


def change_order(tx: Connection, order_id: str, **changes: Any) -> Row[Any]:
    """Set these columns of an order that this transaction has locked; returns its row after that."""
    tx.execute(update(orders).where(orders.c.order_id == order_id).values(changes))
    return tx.execute(select(orders).where(orders.c.order_id == order_id)).one()


# --- check-ins ---


def add_check_in(tx: Connection, row: dict[str, Any]) -> Row[Any]:
    """Write a check-in, and return it. Raises IntegrityError if the member has one on that date."""
    tx.execute(insert(check_ins), row)
    return tx.execute(select(check_ins).where(check_ins.c.check_in_id == row["check_in_id"])).one()


def last_check_in(tx: Connection, user_id: str) -> Row[Any] | None:
    """The member's check-in with the latest date."""
    query = select(check_ins).where(check_ins.c.user_id == user_id)
    return tx.execute(query.order_by(check_ins.c.local_date.desc()).limit(1)).first()


def check_ins_between(tx: Connection, user_id: str, first: dt.date, last: dt.date) -> Rows:
    """The member's check-ins from `first` to `last`, both included."""
    return tx.execute(select(check_ins).where(
        check_ins.c.user_id == user_id, check_ins.c.local_date.between(first, last))).all()


def _insert_and_lock(tx: Connection, table: Any, row: dict[str, Any]) -> None:
    # INSERT IGNORE would share the lock on a row that exists, and two such transactions could not both go on.
    key = next(iter(table.primary_key)).name
    tx.execute(upsert(table).values(row).on_duplicate_key_update({key: row[key]}))
