"""Reserving snacks for an order that is about to be written, and releasing them."""

from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from schemas.errors import RequestInProgress
from schemas.kitchen import KitchenStepTaken, SnacksSoldOut, SnacksUnknown
from services.kitchen import stock, store
from services.kitchen.store import Rows
from services.kitchen.tickets import move


def reserve(tx: Connection, request: dict[str, Any]) -> Rows:
    """Take an order's snacks from the stock, all or none; returns its lines, also if they were reserved before.

    `request` has the fields of schemas.kitchen.ReserveRequest. Raises SnacksUnknown, SnacksSoldOut (the caller rolls
    back), RequestInProgress instead if a copy of this very request holds them, and KitchenStepTaken for an order that
    is further.
    """
    order_id, cinema_id = request["order_id"], request["cinema_id"]
    try:
        store.add_ticket(tx, order_id, cinema_id, "reserved", request["until"], request["purchase"])
    except IntegrityError:
        if (known := store.lock(tx, order_id)).status != "reserved":
            raise KitchenStepTaken(step=known.status) from None
        return store.lines_of(tx, order_id)
    wanted = {snack["sku"]: snack["quantity"] for snack in request["snacks"]}
    on_sale = stock.for_sale(tx, cinema_id, wanted, request["currency"])
    if unknown := [sku for sku in wanted if sku not in on_sale]:
        raise SnacksUnknown(skus=unknown)
    # Sorted, so that two buyers never wait for each other in a circle.
    if sold_out := [sku for sku in sorted(wanted) if not stock.take(tx, cinema_id, sku, wanted[sku])]:
        if store.is_reserved_by_a_copy(tx, request["purchase"], order_id):
            raise RequestInProgress(retry_after=1)
        raise SnacksSoldOut(skus=sold_out)
    sold = [{**on_sale[sku]._mapping, "quantity": quantity} for sku, quantity in wanted.items()]
    store.add_lines(tx, order_id, sold, in_stock=True)
    return store.lines_of(tx, order_id)


def release(tx: Connection, order_id: str, only_unconfirmed: bool = False) -> bool:
    """Return the snacks that an unpaid order had reserved to the stock; whether there were any."""
    ticket = store.lock_if_known(tx, order_id)
    if ticket is None or ticket.status != "reserved" or (only_unconfirmed and ticket.confirmed):
        return False
    stock.put_back(tx, ticket)
    move(tx, ticket, "released")
    return True
