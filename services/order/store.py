"""The order room's queries. Every change of state is one compare-and-set with its event."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from schemas.order.refusals import UnknownOrder
from services.foundation.database import UtcDateTime, utc_now
from services.foundation.ids import new_id
from services.order import rules
from services.order.models import Base
from services.order.order_events import tell
from services.order.order_view import OrderView as OrderView
from services.order.order_view import Rows as Rows
from services.order.refunding import refund_policy
from services.order.tickets.codes import Facts, TicketKeys

tables = Base.metadata.tables
orders, claims, tickets, cancelled = (
    tables[name] for name in ("orders", "seat_claim", "ticket", "cancelled_screening"))


# Built once: SQLAlchemy then has their SQL at hand, and several rows go as one statement.
ADD_ORDER = insert(orders)
ADD_CLAIMS = insert(claims)
ADD_TICKETS = insert(tickets)
# While it is not known how an unpaid order ends, its seats stay.
HELD_UNTIL = func.greatest(orders.c.expires_at, func.coalesce(orders.c.ask_again_at, orders.c.expires_at),
                           type_=UtcDateTime()).label("held_until")


class ClaimTaken(Exception):
    """The referee said no: one of the seats has an owner."""


class SlotTaken(Exception):
    """The buyer has another unpaid order for this screening in this slot."""


# --- making an order ---


def add_order(tx: Connection, draft: dict[str, Any], seats: list[dict[str, Any]]) -> None:
    """Write a new order and claim its seats. Raises ClaimTaken or SlotTaken; the caller rolls back."""
    try:
        tx.execute(ADD_ORDER, {**draft, "seats": json.dumps(seats)})
    except IntegrityError as problem:
        if "one_order_a_slot" in str(problem.orig):
            raise SlotTaken() from None
        raise
    claim(tx, draft["screening_id"], draft["order_id"], [seat["seat_id"] for seat in seats], "PENDING")
    tell(tx, draft, seats)


def claim(tx: Connection, screening_id: str, order_id: str, seats: Iterable[str], state: str) -> None:
    """Own the seats, or raise ClaimTaken. Sorted, so that two buyers never wait for each other in a circle."""
    rows = [{"screening_id": screening_id, "seat_id": seat, "order_id": order_id, "state": state}
            for seat in sorted(seats)]
    try:
        tx.execute(ADD_CLAIMS, rows)
    except IntegrityError:
        raise ClaimTaken() from None


def written(tiers: list[refund_policy.Tier]) -> str:
    """A refund policy as `orders.refund_tiers` keeps it."""
    return json.dumps([{**asdict(tier), "until": tier.until.isoformat()} for tier in tiers])


def is_cancelled(tx: Connection, screening_id: str) -> bool:
    """Whether this screening won't take place."""
    query = select(cancelled.c.screening_id).where(cancelled.c.screening_id == screening_id)
    return tx.execute(query).first() is not None


def exists(tx: Connection, order_id: str) -> bool:
    return tx.execute(select(orders.c.order_id).where(orders.c.order_id == order_id)).first() is not None


def claimants(tx: Connection, screening_id: str, seats: Iterable[str]) -> Rows:
    """The claims on these seats with the state of the order behind each."""
    return tx.execute(
        select(claims.c.seat_id, claims.c.state, orders.c.order_id, orders.c.board_owner, orders.c.status,
               HELD_UNTIL)
        .join(orders, orders.c.order_id == claims.c.order_id)
        .where(claims.c.screening_id == screening_id, claims.c.seat_id.in_(list(seats)))
    ).all()


def all_claims(tx: Connection, screening_id: str) -> Rows:
    return tx.execute(
        select(claims.c.seat_id, claims.c.state, orders.c.board_owner, HELD_UNTIL)
        .join(orders, orders.c.order_id == claims.c.order_id)
        .where(claims.c.screening_id == screening_id)
    ).all()


def unpaid_orders(tx: Connection, screening_id: str, buyer_id: str) -> Rows:
    return tx.execute(
        select(orders.c.order_id, orders.c.unpaid_slot, orders.c.status, HELD_UNTIL)
        .where(orders.c.screening_id == screening_id, orders.c.buyer_id == buyer_id, orders.c.unpaid_slot.is_not(None))
    ).all()


# --- changing an order ---


def lock(tx: Connection, order_id: str, buyer_id: str | None = None) -> OrderView:
    """The order, locked until the transaction ends; UnknownOrder also when it is another buyer's."""
    return _find(tx, order_id, buyer_id, for_update=True)


def find(tx: Connection, order_id: str, buyer_id: str | None = None) -> OrderView:
    """The order as it stands."""
    return _find(tx, order_id, buyer_id, for_update=False)


def _find(tx: Connection, order_id: str, buyer_id: str | None, for_update: bool) -> OrderView:
    query = select(orders).where(orders.c.order_id == order_id)
    if buyer_id is not None:
        query = query.where(orders.c.buyer_id == buyer_id)
    row = tx.execute(query.with_for_update() if for_update else query).first()
    if row is None:
        raise UnknownOrder()
    if row.status in rules.UNPAID:  # tickets come with the money
        return _view(row, [])
    return _view(row, tickets_of(tx, row.order_id))


def tickets_of(tx: Connection, order_id: str) -> Rows:
    """The order's tickets, good and void."""
    return tx.execute(select(tickets).where(tickets.c.order_id == order_id)).all()


def _view(row: Row[Any], found: Rows) -> OrderView:
    """The tickets stand in the order of the seats."""
    seats = json.loads(row.seats)
    places = {seat["seat_id"]: place for place, seat in enumerate(seats)}
    return OrderView(row, sorted(found, key=lambda ticket: places[ticket.seat_id]), seats)


def move(tx: Connection, view: OrderView, target: str, returning: Sequence[str] = (),
         said: dict[str, Any] | None = None, **changes: Any) -> None:
    """Take a locked order to `target`; rules.TRANSITIONS says what may follow what.

    `returning`: the seats given back with this. `said`: more for its event.
    """
    row = view.row
    if not rules.may_become(row.status, target):
        raise AssertionError(f"order {row.order_id} can't go from {row.status} to {target}")
    if target not in rules.UNPAID:
        changes["unpaid_slot"] = None
    change(tx, view, target, returning, said, status=target, **changes)


def change(tx: Connection, view: OrderView, what: str, returning: Sequence[str] = (),
           said: dict[str, Any] | None = None, **changes: Any) -> None:
    """Change a locked order, and tell that `what` has happened."""
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
    tell(tx, {**row._mapping, **changes}, view.seats, returned, what, **(said or {}))


def end_unpaid(tx: Connection, view: OrderView, target: str, reason: str | None = None) -> None:
    """Expire or cancel an unpaid order and give its seats back."""
    move(tx, view, target, said={"reason": reason}, end_reason=reason)
    tx.execute(delete(claims).where(claims.c.order_id == view.row.order_id))


def mark_paid(tx: Connection, view: OrderView, keys: TicketKeys) -> None:
    """The money is there: the claims are final and the tickets are made, with codes signed by `keys`."""
    row = view.row
    move(tx, view, "paid", said={"revived": row.status == "expired"}, ask_again_at=None)
    sold = tx.execute(update(claims).where(claims.c.order_id == row.order_id).values(state="SOLD")).rowcount
    if sold != len(view.seats):
        raise AssertionError(f"order {row.order_id} has {sold} claims for {len(view.seats)} seats")
    _make_tickets(tx, view, keys)


def revive(tx: Connection, view: OrderView, keys: TicketKeys) -> bool:
    """Paid late, and its seats all free still: it has them after all. False, and nothing done, when they are not."""
    try:
        claim(tx, view.row.screening_id, view.row.order_id, view.seat_ids, "SOLD")
    except ClaimTaken:  # MariaDB undoes the whole statement
        return False
    move(tx, view, "paid", revived=True)
    _make_tickets(tx, view, keys)
    return True


def _make_tickets(tx: Connection, view: OrderView, keys: TicketKeys) -> None:
    row = view.row
    facts = [Facts(new_id(), row.screening_id, seat) for seat in view.seat_ids]
    tx.execute(ADD_TICKETS, [{**asdict(ticket), "order_id": row.order_id, "code": keys.sign(ticket), "status": "valid"}
                             for ticket in facts])


# --- looking around ---


def list_orders(tx: Connection, buyer_id: str, status: str | None, cursor: str | None, limit: int) -> list[OrderView]:
    """The buyer's orders, newest first, older than `cursor`; one more than `limit` if there are more."""
    query = select(orders).where(orders.c.buyer_id == buyer_id)
    if status:
        query = query.where(orders.c.status == status)
    if cursor:
        query = query.where(orders.c.order_id < cursor)
    rows = tx.execute(query.order_by(orders.c.order_id.desc()).limit(limit + 1)).all()
    mine = tx.execute(select(tickets).where(tickets.c.order_id.in_([row.order_id for row in rows]))).all()
    return [_view(row, [ticket for ticket in mine if ticket.order_id == row.order_id]) for row in rows]


def dead_orders(tx: Connection, now: dt.datetime, limit: int = 1000) -> list[str]:
    """Unpaid orders past their deadline, but for those to be left alone now; first those never asked for."""
    return list(tx.execute(
        select(orders.c.order_id)
        .where(orders.c.status.in_(rules.UNPAID), orders.c.expires_at <= now, may_be_asked(now))
        .order_by(orders.c.ask_again_at, orders.c.expires_at).limit(limit)
    ).scalars())


def may_be_asked(now: dt.datetime) -> ColumnElement[bool]:
    """The condition under which another room is asked about an order: how it has ended, or about its snacks."""
    return or_(orders.c.ask_again_at.is_(None), orders.c.ask_again_at <= now)


def leave_alone(tx: Connection, order_id: str, until: dt.datetime) -> None:
    """Nothing can be said of the order now."""
    tx.execute(update(orders).where(orders.c.order_id == order_id).values(ask_again_at=until))


def screenings_changed_since(tx: Connection, since: dt.datetime) -> list[str]:
    return list(tx.execute(select(orders.c.screening_id).where(orders.c.changed_at >= since).distinct()).scalars())
