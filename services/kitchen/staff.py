"""What cooks, managers and operators change: each is one transaction together with its operation."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from schemas import kitchen as contract
from schemas.base import Method
from schemas.kitchen import KitchenStepTaken, UndoOver
from services.foundation.events.operations import operator, write_operation
from services.foundation.rpc.calls import Principal
from services.kitchen import stock, store, tickets
from services.kitchen.models import OUTBOX
from services.kitchen.stock import MenuChange, snacks

Fields = dict[str, Any]


def step(tx: Connection, cook: Principal, method: Method, order_id: str, before: str, after: str,
         check: Callable[[Row[Any]], object] | None = None) -> Fields:
    """Take a ticket from status `before` to `after`; returns it in the fields of schemas.kitchen.KitchenTicket.

    Raises UnknownKitchenOrder, Forbidden in another cinema, KitchenStepTaken if someone was faster, and what `check`
    raises of the ticket's row.
    """
    ticket = store.lock(tx, order_id)
    cook.permit_at("cook", ticket.cinema_id)
    if ticket.status != before:
        raise KitchenStepTaken(step=ticket.status)
    if check:
        check(ticket)
    try:
        tickets.move(tx, ticket, after)
    except IntegrityError as problem:
        raise UndoOver() from problem  # another guest waits with its code by now
    write_operation(tx, OUTBOX, contract.OPERATED, cook, method, about=order_id, cinema_id=ticket.cinema_id,
                    before={"status": before}, after={"status": after})
    return tickets.with_snacks(tx, [store.lock(tx, order_id)])[0]


def restock(tx: Connection, manager: Principal, cinema_id: str, sku: str, stock_wanted: int) -> Fields:
    """Set how many of a snack are for sale; returns it in the fields of schemas.kitchen.MenuSnack."""
    snack = stock.lock(tx, cinema_id, sku)
    restocked = stock.restock(tx, snack, stock_wanted)
    write_operation(tx, OUTBOX, contract.OPERATED, manager, contract.RESTOCK, about=sku, cinema_id=cinema_id,
                    before={"stock": snack._mapping[snacks.c.available]}, after={"stock": stock_wanted})
    return restocked


def put_menu(tx: Connection, rows: list[Fields]) -> list[MenuChange]:
    """Put the menus of a programme file into the tables; returns what has changed."""
    changes = stock.put_menu(tx, rows)
    for cinema_id, group in groupby(sorted(changes, key=_cinema), key=_cinema):
        here = list(group)
        write_operation(tx, OUTBOX, contract.OPERATED, operator("load"), "load", about=cinema_id, cinema_id=cinema_id,
                        before={each.sku: each.before for each in here}, after={each.sku: each.after for each in here})
    return changes


def _cinema(change: MenuChange) -> str:
    return change.cinema_id
