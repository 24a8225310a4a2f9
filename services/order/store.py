"""The orders, their claims and their tickets. Every change of state is one compare-and-set with its event."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from schemas.order.refusals import UnknownOrder
from services.foundation.column_types import UtcDateTime
from services.foundation.database import delete_some, utc_now
from services.order import rules
from services.order.models import Base
from services.order.order_events import record_event
from services.order.order_view import OrderView, Rows

tables = Base.metadata.tables
orders, claims, tickets, epochs = (tables[name] for name in ("orders", "seat_claim", "ticket", "board_epoch"))
EPOCHS_KEPT = dt.timedelta(days=30)  # after the screening; its board in Redis is gone by then

# Built once: SQLAlchemy then has its SQL at hand, and several rows go as one statement.
ADD_CLAIMS = insert(claims)
# While it is not known how an unpaid order ends, its seats stay.
HELD_UNTIL = func.greatest(orders.c.expires_at, func.coalesce(orders.c.ask_again_at, orders.c.expires_at),
                           type_=UtcDateTime()).label("held_until")


class ClaimTaken(Exception):
    """One of the seats has an owner already."""


# --- reading an order ---


def lock(tx: Connection, order_id: str, buyer_id: str | None = None) -> OrderView:
    """The order, locked until the transaction ends. Raises UnknownOrder, also when it is another buyer's."""
    return _find(tx, order_id, buyer_id, for_update=True)


def find(tx: Connection, order_id: str, buyer_id: str | None = None) -> OrderView:
    """The order. Raises UnknownOrder, also when it is another buyer's."""
    return _find(tx, order_id, buyer_id, for_update=False)


def _find(tx: Connection, order_id: str, buyer_id: str | None, for_update: bool) -> OrderView:
    query = select(orders).where(orders.c.order_id == order_id)
    if buyer_id is not None:
        query = query.where(orders.c.buyer_id == buyer_id)
    row = tx.execute(query.with_for_update() if for_update else query).first()
    if row is None:
        raise UnknownOrder()
    if row.status in rules.UNPAID:  # tickets come with the money
        return view_of(row, [])
    return view_of(row, tickets_of(tx, row.order_id))


def causes(tx: Connection, order_ids: list[str]) -> list[tuple[str, str | None]]:
    """Each order, in this sequence, with the traceparent of what made it."""
    query = select(orders.c.order_id, orders.c.traceparent).where(orders.c.order_id.in_(order_ids))
    found = {row.order_id: row.traceparent for row in tx.execute(query)} if order_ids else {}
    return [(order_id, found[order_id]) for order_id in order_ids]


def tickets_of(tx: Connection, *order_ids: str) -> Rows:
    """The tickets of these orders, valid and void."""
    return tx.execute(select(tickets).where(tickets.c.order_id.in_(order_ids))).all()


def view_of(row: Row[Any], found: Rows) -> OrderView:
    """The order of a row of `orders`, with its tickets in the sequence of its seats."""
    seats = json.loads(row.seats)
    places = {seat["seat_id"]: place for place, seat in enumerate(seats)}
    return OrderView(row, sorted(found, key=lambda ticket: places[ticket.seat_id]), seats)


# --- changing an order ---


def move(tx: Connection, view: OrderView, target: str, returning: Sequence[str] = (),
         event_fields: dict[str, Any] | None = None, **changes: Any) -> None:
    """Take a locked order to `target`, as rules.TRANSITIONS allows.

    `returning`: ids of the seats given back with this; `event_fields`: other fields of its event.
    """
    row = view.row
    if not rules.may_become(row.status, target):
        raise AssertionError(f"order {row.order_id} can't go from {row.status} to {target}")
    if target not in rules.UNPAID:
        changes["unpaid_slot"] = None
    change(tx, view, target, returning, event_fields, status=target, **changes)


def change(tx: Connection, view: OrderView, event_name: str, returning: Sequence[str] = (),
           event_fields: dict[str, Any] | None = None, **changes: Any) -> None:
    """Change a locked order, and write the event `order.<event_name>`."""
    row = view.row
    changes["version"] = row.version + 1
    changed = tx.execute(
        update(orders).where(orders.c.order_id == row.order_id, orders.c.status == row.status,
                             orders.c.version == row.version)
        .values(changed_at=utc_now(), **changes)
    ).rowcount
    if changed != 1:
        raise AssertionError(f"order {row.order_id} was not locked")
    returned = {ticket.seat_id for ticket in view.tickets if ticket.status == "void"} | set(returning)
    record_event(tx, {**row._mapping, **changes}, view.seats, returned, event_name, **(event_fields or {}))


def end_unpaid(tx: Connection, view: OrderView, target: str, reason: str | None = None) -> None:
    """Expire or cancel an unpaid order and give its seats back."""
    move(tx, view, target, event_fields={"reason": reason}, end_reason=reason)
    tx.execute(delete(claims).where(claims.c.order_id == view.row.order_id))


def claim(tx: Connection, screening_id: str, order_id: str, seats: Iterable[str], state: str) -> None:
    """Claim the seats, or raise ClaimTaken. Sorted, so that two buyers never wait for each other in a circle."""
    rows = [{"screening_id": screening_id, "seat_id": seat, "order_id": order_id, "state": state}
            for seat in sorted(seats)]
    try:
        tx.execute(ADD_CLAIMS, rows)
    except IntegrityError:
        raise ClaimTaken() from None


# --- orders about which another room has no answer yet ---


def may_be_asked(now: dt.datetime) -> ColumnElement[bool]:
    """The condition under which another room is asked about an order: how it has ended, or about its snacks."""
    return or_(orders.c.ask_again_at.is_(None), orders.c.ask_again_at <= now)


def defer_until(tx: Connection, order_id: str, until: dt.datetime) -> None:
    """Ask no other room about the order before then."""
    tx.execute(update(orders).where(orders.c.order_id == order_id).values(ask_again_at=until))


# --- the seats of a screening, as its board has to show them ---


def claims_of(tx: Connection, screening_ids: Iterable[str]) -> Rows:
    """All claims of these screenings: screening_id, seat_id, state, board_owner, held_until."""
    return tx.execute(
        select(claims.c.screening_id, claims.c.seat_id, claims.c.state, orders.c.board_owner, HELD_UNTIL)
        .join(orders, orders.c.order_id == claims.c.order_id)
        .where(claims.c.screening_id.in_(screening_ids))
    ).all()


def screenings_changed_since(tx: Connection, since: dt.datetime) -> list[str]:
    """The screenings with an order that has changed since then."""
    return list(tx.execute(select(orders.c.screening_id).where(orders.c.changed_at >= since).distinct()).scalars())


def next_epoch(tx: Connection, screening_id: str, ends_at: dt.datetime) -> int:
    """Raise the epoch of a screening's board, and return it."""
    tx.execute(upsert(epochs).values(screening_id=screening_id, epoch=1, ends_at=ends_at)
               .on_duplicate_key_update(epoch=epochs.c.epoch + 1))
    return int(tx.execute(select(epochs.c.epoch).where(epochs.c.screening_id == screening_id)).scalar_one())


def purge_epochs(tx: Connection, now: dt.datetime) -> int:
    """Delete some epochs of screenings that are long over; their boards have expired by then. Returns how many."""
    return delete_some(tx, epochs, epochs.c.ends_at < now - EPOCHS_KEPT)


def upcoming_boards(tx: Connection, only: list[str] | None = None) -> dict[str, dt.datetime]:
    """When the screenings end that have a board and are not over, by screening id; `only`: of these."""
    query = select(epochs.c.screening_id, epochs.c.ends_at).where(epochs.c.ends_at > utc_now())
    if only is not None:
        query = query.where(epochs.c.screening_id.in_(only))
    return {row.screening_id: row.ends_at for row in tx.execute(query)}
