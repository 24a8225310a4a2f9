"""The tickets that doors ask about. The condition in `mark_admitted` is the reason that none admits two guests."""

import datetime as dt
from collections.abc import Collection, Set
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, true, update
from sqlalchemy.engine import Connection

from services.order.admitting.rules import Scan
from services.order.order_view import Rows
from services.order.rules import check_unused
from services.order.store import find as find_order
from services.order.store import orders, tickets

AHEAD = dt.timedelta(days=1)                 # doors know the screenings that begin within it ...
LONGEST_SCREENING = dt.timedelta(hours=15)   # ... and no film is longer
UNUSED = tickets.c.admitted_at.is_(None)
SCREENING = (orders.c.screening_id, orders.c.film_title, orders.c.cinema_id, orders.c.cinema_name, orders.c.hall_name,
             orders.c.time_zone, orders.c.starts_at, orders.c.starts_offset, orders.c.ends_at)
SOLD = ("paid", "part_refunded", "refunding", "refunded")  # the orders of screenings that are not over
ANY_TICKET = select(*tickets.c, *SCREENING[1:]).join(orders, orders.c.order_id == tickets.c.order_id)


def find(tx: Connection, code: str, for_update: bool) -> Any:
    """The ticket with this code, with the screening of its order; None: there is none.

    `for_update` locks the ticket, and not the order, which a refund locks first.
    """
    if for_update:
        tx.execute(select(tickets.c.ticket_id).where(tickets.c.code == code).with_for_update())
    return tx.execute(ANY_TICKET.where(tickets.c.code == code)).first()


def mark_admitted(tx: Connection, ticket_id: str, scan: Scan, admitted_by: str) -> bool:
    """Write that the ticket's guest is in; False, and nothing changed, if it is used or void."""
    unused = update(tickets).where(tickets.c.ticket_id == ticket_id, tickets.c.status == "valid", UNUSED)
    return bool(tx.execute(unused.values(admitted_at=scan.at, door=scan.door, admitted_by=admitted_by,
                                         scan=scan.nonce)).rowcount)


def unmark_admitted(tx: Connection, ticket_id: str, scan: str) -> bool:
    """Write that the guest whom this scan has admitted is not in; False: it was not so."""
    used = update(tickets).where(tickets.c.ticket_id == ticket_id, tickets.c.scan == scan)
    return bool(tx.execute(used.values(admitted_at=None, door=None, admitted_by=None, scan=None)).rowcount)


def void(tx: Connection, order_id: str, seats: Collection[str], even_used: bool) -> None:
    """Void the tickets for these seats of a locked order. Raises TicketsUsed, unless `even_used` ones are voided."""
    valid = update(tickets).where(tickets.c.order_id == order_id, tickets.c.seat_id.in_(seats),
                                  tickets.c.status == "valid", UNUSED if not even_used else true())
    if tx.execute(valid.values(status="void")).rowcount != len(seats):
        check_unused(seats, find_order(tx, order_id).admitted_seats)
        raise AssertionError(f"order {order_id} was not locked")


def count_admitted(tx: Connection, screening_id: str) -> int:
    """How many guests of a screening are in."""
    query = select(func.count()).where(tickets.c.screening_id == screening_id, tickets.c.status == "valid", ~UNUSED)
    return int(tx.execute(query).scalar_one())


def attendance(tx: Connection, which: list[ColumnElement[bool]]) -> Rows:
    """The screenings of these orders, each with `admitted` and `expected`, the first to begin at the head."""
    valid = tickets.c.status == "valid"
    counts = (func.count(case((valid & ~UNUSED, 1))).label("admitted"), func.count(case((valid, 1))).label("expected"))
    facts = [func.max(column).label(column.name) for column in SCREENING[1:]]  # they may differ: titles change
    query = select(orders.c.screening_id, *facts, *counts).join(tickets, tickets.c.order_id == orders.c.order_id)
    return tx.execute(query.where(*which).group_by(orders.c.screening_id)
                      .order_by(func.max(orders.c.starts_at), orders.c.screening_id)).all()


def of_screening(screening_id: str) -> list[ColumnElement[bool]]:
    """The condition for the orders of one screening, whenever that is."""
    return [orders.c.screening_id == screening_id]


def today(now: dt.datetime, cinemas: Set[str] | None) -> list[ColumnElement[bool]]:
    """The condition for the orders of screenings that are not over and begin within a day; `cinemas`: at these."""
    near = [orders.c.status.in_(SOLD), orders.c.ends_at > now, orders.c.ends_at <= now + AHEAD + LONGEST_SCREENING,
            orders.c.starts_at <= now + AHEAD]
    return near if cinemas is None else [*near, orders.c.cinema_id.in_(sorted(cinemas))]


def void_and_used(tx: Connection, which: list[ColumnElement[bool]]) -> Rows:
    """The tickets of these orders that admit nobody any more: ticket_id, screening_id, status, admitted_at, door."""
    columns = (tickets.c.ticket_id, tickets.c.screening_id, tickets.c.status, tickets.c.admitted_at, tickets.c.door)
    query = select(*columns).join(orders, orders.c.order_id == tickets.c.order_id)
    return tx.execute(query.where(*which, (tickets.c.status != "valid") | ~UNUSED)
                      .order_by(tickets.c.ticket_id)).all()
