"""The queries on guests who have bought, and on the orders that accounts adopt from them.

A guest's row is locked while an order of the guest is written, and while the guest is marked as adopted: so no order
comes after its owner has gone.
"""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection

from schemas.errors import Unauthenticated
from services.order import store
from services.order.models import Base
from services.order.order_view import OrderView
from services.order.store import orders

guests = Base.metadata.tables["guest"]


def check_not_adopted(tx: Connection, guest_id: str) -> None:
    """Lock the guest, who buys. Raises Unauthenticated once an account has what was the guest's."""
    tx.execute(upsert(guests).values(guest_id=guest_id).on_duplicate_key_update(guest_id=guest_id))
    if tx.execute(select(guests.c.adopted_by).where(guests.c.guest_id == guest_id).with_for_update()).scalar():
        raise Unauthenticated()


def mark_adopted(tx: Connection, guest_id: str, user_id: str) -> None:
    """The guest buys no more; waits for an order that is being written."""
    row = {"guest_id": guest_id, "adopted_by": user_id}
    tx.execute(upsert(guests).values(row).on_duplicate_key_update(adopted_by=user_id))


def orders_of(tx: Connection, guest_id: str) -> list[str]:
    """The ids of the orders that are still the guest's, the oldest first."""
    query = select(orders.c.order_id).where(orders.c.buyer_id == guest_id)
    return list(tx.execute(query.order_by(orders.c.order_id)).scalars())


def adopt(tx: Connection, order_id: str, guest_id: str, user_id: str) -> None:
    """Make one of the guest's orders the account's, after its own ones; nothing if it is the account's already.

    Raises sqlalchemy.exc.IntegrityError if the account buys at the same moment: then try again.
    """
    view = store.lock(tx, order_id)
    if view.row.buyer_id == guest_id:
        store.change(tx, view, "adopted", buyer_id=user_id, guest=False,
                     buyer_number=_next(tx, orders.c.buyer_number, user_id),
                     unpaid_slot=_free_slot(tx, view, user_id))


def _free_slot(tx: Connection, view: OrderView, user_id: str) -> int | None:
    """Perhaps beyond what the account could take itself: an order that is there already is not refused."""
    if view.row.unpaid_slot is None:
        return None
    return _next(tx, orders.c.unpaid_slot, user_id, orders.c.screening_id == view.row.screening_id)


def _next(tx: Connection, column: Any, user_id: str, *which: Any) -> int:
    greatest = select(func.max(column)).where(orders.c.buyer_id == user_id, *which)
    return int(tx.execute(greatest).scalar() or 0) + 1
