"""Writing a new order, and what may stand in its way."""

from collections.abc import Iterable

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from services.order.buying.new_order import NewOrder
from services.order.order_events import record_event
from services.order.order_view import Rows
from services.order.settings import RECENT
from services.order.store import HELD_UNTIL, claim, claims, orders

ADD_ORDER = insert(orders)  # built once: SQLAlchemy then has its SQL at hand


class SlotTaken(Exception):
    """The buyer has another unpaid order for this screening in this slot."""


class NumberTaken(Exception):
    """The buyer has got another order meanwhile."""


def add_order(tx: Connection, order: NewOrder) -> None:
    """Write a new order and claim its seats. Raises ClaimTaken, SlotTaken or NumberTaken; the caller rolls back."""
    row = order.row()
    try:
        tx.execute(ADD_ORDER, row)
    except IntegrityError as problem:
        if "one_order_a_slot" in str(problem.orig):
            raise SlotTaken() from None
        if "one_order_a_number" in str(problem.orig):
            raise NumberTaken() from None
        raise
    claim(tx, order.screening.screening_id, order.order_id, order.seat_ids, "PENDING")
    record_event(tx, row, order.seats)


def exists(tx: Connection, order_id: str) -> bool:
    """Whether there is such an order."""
    return tx.execute(select(orders.c.order_id).where(orders.c.order_id == order_id)).first() is not None


def owners(tx: Connection, screening_id: str, seats: Iterable[str]) -> Rows:
    """The claims on these seats, each with the state of its order."""
    return tx.execute(
        select(claims.c.seat_id, claims.c.state, orders.c.order_id, orders.c.board_owner, orders.c.status,
               HELD_UNTIL)
        .join(orders, orders.c.order_id == claims.c.order_id)
        .where(claims.c.screening_id == screening_id, claims.c.seat_id.in_(list(seats)))
    ).all()


def recent_orders(tx: Connection, buyer_id: str) -> Rows:
    """The last numbered orders of a buyer, the newest first.

    Each has buyer_number, screening_id, unpaid_slot, status, end_reason, held_until, changed_at and seat_count.
    """
    return tx.execute(
        select(orders.c.buyer_number, orders.c.screening_id, orders.c.unpaid_slot, orders.c.status,
               orders.c.end_reason, HELD_UNTIL, orders.c.changed_at,
               func.json_length(orders.c.seats).label("seat_count"))
        .where(orders.c.buyer_id == buyer_id, orders.c.buyer_number.is_not(None))
        .order_by(orders.c.buyer_number.desc()).limit(RECENT)
    ).all()


def unpaid_orders(tx: Connection, screening_id: str, buyer_id: str) -> Rows:
    """The buyer's unpaid orders for a screening: order_id, unpaid_slot, status, held_until."""
    return tx.execute(
        select(orders.c.order_id, orders.c.unpaid_slot, orders.c.status, HELD_UNTIL)
        .where(orders.c.screening_id == screening_id, orders.c.buyer_id == buyer_id, orders.c.unpaid_slot.is_not(None))
    ).all()
