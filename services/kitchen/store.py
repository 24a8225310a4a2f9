"""The queries on tickets and their lines. Statuses change by compare-and-set."""

import datetime as dt
from collections.abc import Mapping, Sequence, Set
from typing import Any

from sqlalchemy import Row, delete, insert, select, tuple_, update
from sqlalchemy.engine import Connection

from schemas.errors import FieldsInvalid
from schemas.kitchen import QUEUE_AT_MOST, UnknownKitchenOrder
from services.kitchen import rules
from services.kitchen.models import Base

tickets, lines = (Base.metadata.tables[name] for name in ("ticket", "ticket_line"))
Rows = Sequence[Row[Any]]
AT_A_TIME = 100  # tickets that one sweep handles
PURGED_AT_A_TIME = 90  # tickets; each may have ten lines
# An order that has expired may still be paid late, until its film begins: nothing is on sale for so long.
RELEASED_KEPT = dt.timedelta(days=400)


def add_ticket(tx: Connection, order_id: str, cinema_id: str, status: str, until: dt.datetime,
               purchase: str | None = None, version: int = 1) -> None:
    """Write an unconfirmed ticket. Raises IntegrityError if the order has one."""
    tx.execute(insert(tickets), {"order_id": order_id, "cinema_id": cinema_id, "purchase": purchase, "status": status,
                                 "version": version, "confirmed": False, "until": until})


def add_lines(tx: Connection, order_id: str, sold: Sequence[Mapping[str, Any]], in_stock: bool) -> None:
    """Write the order's snacks; `in_stock`: they were taken from the stock."""
    tx.execute(insert(lines), [
        {"order_id": order_id, "place": place, "taken": snack["quantity"] if in_stock else 0,
         **{name: snack[name] for name in ("sku", "quantity", "name", "name_zh", "price")}}
        for place, snack in enumerate(sold)])


def lock_if_known(tx: Connection, order_id: str) -> Row[Any] | None:
    """The order's ticket, locked until the transaction ends; None if the kitchen has none."""
    return tx.execute(select(tickets).where(tickets.c.order_id == order_id).with_for_update()).first()


def lock(tx: Connection, order_id: str) -> Row[Any]:
    """The order's ticket, locked until the transaction ends. Raises UnknownKitchenOrder."""
    ticket = lock_if_known(tx, order_id)
    if ticket is None:
        raise UnknownKitchenOrder()
    return ticket


def lines_of(tx: Connection, *order_ids: str) -> Rows:
    """The lines of these orders, by order and sku."""
    query = select(lines).where(lines.c.order_id.in_(order_ids)).order_by(lines.c.order_id, lines.c.sku)
    return tx.execute(query).all()


def set_taken(tx: Connection, line: Row[Any]) -> None:
    """Note that the stock covers the line."""
    tx.execute(update(lines).where(lines.c.order_id == line.order_id, lines.c.sku == line.sku)
               .values(taken=line.quantity))


def change(tx: Connection, ticket: Row[Any], changes: dict[str, Any]) -> None:
    """Change a ticket that this transaction has locked."""
    changed = tx.execute(update(tickets).where(
        tickets.c.order_id == ticket.order_id, tickets.c.status == ticket.status, tickets.c.version == ticket.version,
    ).values(changes)).rowcount
    if changed != 1:
        raise AssertionError(f"the ticket of order {ticket.order_id} was not locked")


def confirm(tx: Connection, order_id: str) -> None:
    """The order exists: its reservation does not end by itself any more."""
    tx.execute(update(tickets).where(tickets.c.order_id == order_id).values(confirmed=True))


def is_reserved_by_a_copy(tx: Connection, purchase: str, order_id: str) -> bool:
    """Whether a copy of the purchase holds its snacks, for another order than this one."""
    return tx.execute(select(tickets.c.order_id).where(
        tickets.c.purchase == purchase, tickets.c.order_id != order_id,
        tickets.c.status.not_in(rules.GIVES_BACK))).first() is not None


def unconfirmed(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders with a reservation that should be confirmed by now and is not, AT_A_TIME at most."""
    query = select(tickets.c.order_id).where(tickets.c.status == "reserved", tickets.c.confirmed.is_(False),
                                             tickets.c.until <= now)
    return list(tx.execute(query.limit(AT_A_TIME)).scalars())


def uncollected(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders whose snacks still wait though their screening is over, AT_A_TIME at most."""
    query = select(tickets.c.order_id).where(tickets.c.status.in_(rules.WAITING), tickets.c.ends_at <= now)
    return list(tx.execute(query.order_by(tickets.c.ends_at).limit(AT_A_TIME)).scalars())


def purge_released(tx: Connection, now: dt.datetime, never_written_before: dt.datetime) -> int:
    """Delete some of the tickets that came to nothing, with their lines; returns how many rows: 0, none is left.

    Those go whose order was never written, once they ended before `never_written_before`; the others after
    RELEASED_KEPT.
    """
    ends = {False: never_written_before, True: now - RELEASED_KEPT}
    for confirmed, before in ends.items():
        old = select(tickets.c.order_id).where(tickets.c.status == "released", tickets.c.confirmed.is_(confirmed),
                                               tickets.c.until < before)
        ids = list(tx.execute(old.limit(PURGED_AT_A_TIME).with_for_update(skip_locked=True)).scalars())
        if ids:
            return sum(int(tx.execute(delete(table).where(table.c.order_id.in_(ids))).rowcount)
                       for table in (lines, tickets))
    return 0


def queue(tx: Connection, cinemas: Set[str] | None, statuses: Sequence[str], since: dt.datetime,
          after: str | None = None, limit: int = QUEUE_AT_MOST) -> Rows:
    """Tickets in the order in which they are needed, none needed before `since`.

    `cinemas`: of these only; None means all. `after`: only those behind this order's ticket. Raises FieldsInvalid if
    the kitchen has no such ticket.
    """
    place = tuple_(tickets.c.needed_at, tickets.c.order_id)
    query = select(tickets).where(tickets.c.status.in_(statuses), tickets.c.needed_at > since)
    if cinemas is not None:
        query = query.where(tickets.c.cinema_id.in_(cinemas))
    if after is not None:
        query = query.where(place > tuple_(_needed_at(tx, after), after))
    return tx.execute(query.order_by(tickets.c.needed_at, tickets.c.order_id).limit(limit)).all()


def _needed_at(tx: Connection, order_id: str) -> dt.datetime:
    when = tx.execute(select(tickets.c.needed_at).where(tickets.c.order_id == order_id)).scalar()
    if when is None:
        raise FieldsInvalid(fields={"cursor": ["Not a `next_cursor` of this queue."]})
    return when
