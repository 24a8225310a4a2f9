"""The steps of a ticket from payment to collection. Each is one transaction together with its event."""

import datetime as dt
from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from schemas.kitchen import STEP
from services.foundation.database import utc_now
from services.foundation.events import outbox
from services.kitchen import rules, stock, store
from services.kitchen.models import OUTBOX
from services.kitchen.store import Rows

CODES_TRIED = 50
Fields = dict[str, Any]


def move(tx: Connection, ticket: Row[Any], target: str, **changes: Any) -> None:
    """Take a locked ticket to `target`, and write the event. rules.TRANSITIONS lists the allowed steps."""
    if not rules.may_become(ticket.status, target):
        raise AssertionError(f"the snacks of order {ticket.order_id} can't go from {ticket.status} to {target}")
    if target not in rules.WAITING:
        changes["waiting_code"] = None
    elif ticket.status == "collected":  # undone: the code is taken back, if no other guest waits with it by now
        changes["waiting_code"] = ticket.pick_up_code
    changes |= {"status": target, "version": ticket.version + 1}
    store.change(tx, ticket, changes)
    outbox.write(tx, OUTBOX, STEP, about=ticket.order_id, sequence=ticket.version + 1,
                 body={**ticket._mapping, **changes})


def take_up(tx: Connection, order: Fields, needed_at: dt.datetime) -> None:
    """The order is paid: prepare its snacks. `order` has the fields of schemas.order.OrderEvent.

    If its reservation has ended, the snacks are taken from the stock again; the ticket says which are missing.
    """
    order_id, screening = order["order_id"], order["screening"]
    ticket = store.lock_if_known(tx, order_id)
    if ticket is None:
        store.add_ticket(tx, order_id, screening["cinema_id"], "released", needed_at)
        store.add_lines(tx, order_id, order["snacks"], in_stock=False)
        ticket = store.lock(tx, order_id)
    if not rules.may_become(ticket.status, "new"):
        return  # the refund arrived before the payment
    if ticket.status == "released":
        _take_from_stock(tx, ticket)
    facts = {name: screening[name] for name in ("cinema_name", "hall_name", "film_title", "starts_at")}
    offset = int((screening["starts_at"].utcoffset() or dt.timedelta()).total_seconds() // 60)
    _open(tx, ticket, needed_at=needed_at, ends_at=rules.waiting_ends_at(needed_at, screening["ends_at"]),
          starts_offset=offset, confirmed=True, **facts)


def _take_from_stock(tx: Connection, ticket: Row[Any]) -> None:
    for line in store.lines_of(tx, ticket.order_id):
        if stock.take(tx, ticket.cinema_id, line.sku, line.quantity):
            store.set_taken(tx, line)


def _open(tx: Connection, ticket: Row[Any], **facts: Any) -> None:
    """Make it a new ticket, under a code that no other waiting guest of the cinema has."""
    for _ in range(CODES_TRIED):
        code = rules.new_pick_up_code()
        try:
            move(tx, ticket, "new", pick_up_code=code, waiting_code=code, **facts)
            return
        except IntegrityError as problem:
            if "one_code_a_guest" not in str(problem.orig):
                raise
    raise AssertionError(f"cinema {ticket.cinema_id} has run out of pick-up codes")


def end_waiting(tx: Connection, order_id: str, now: dt.datetime) -> None:
    """Close a ticket whose screening is over, and free its code. What it took from the stock stays taken."""
    ticket = store.lock(tx, order_id)
    if ticket.status in rules.WAITING and ticket.ends_at <= now:
        move(tx, ticket, rules.AFTER_SCREENING[ticket.status])


def give_up(tx: Connection, order_id: str, lost: Fields | None = None) -> bool:
    """Prepare nothing for this order, unless that has begun; whether it was in time.

    Raises UnknownKitchenOrder, unless `lost` has the fields of schemas.kitchen.LostTicket: then the order is given up
    for good, and a later event that it is paid changes nothing.
    """
    ticket = store.lock_if_known(tx, order_id)
    if ticket is None and lost is not None:
        store.add_ticket(tx, order_id, lost["cinema_id"], "released", utc_now(), version=max(1, lost["version"]))
    ticket = ticket or store.lock(tx, order_id)
    if ticket.status == "given_up":
        return True
    if not rules.may_become(ticket.status, "given_up"):
        store.change(tx, ticket, {"kept": True})
        return False
    stock.put_back(tx, ticket)
    move(tx, ticket, "given_up")
    return True


def with_snacks(tx: Connection, found: Rows) -> list[Fields]:
    """Tickets with their snacks and local times, in the fields of schemas.kitchen.KitchenTicket."""
    snacks: dict[str, list[Fields]] = {ticket.order_id: [] for ticket in found}
    for line in sorted(store.lines_of(tx, *snacks), key=lambda line: line.place):
        snacks[line.order_id].append({**line._mapping, "missing": line.quantity - line.taken})
    return [{**ticket._mapping, "snacks": snacks[ticket.order_id], **_local_times(ticket),
             "short": any(snack["missing"] for snack in snacks[ticket.order_id])} for ticket in found]


def _local_times(ticket: Row[Any]) -> dict[str, dt.datetime]:
    zone = dt.timezone(dt.timedelta(minutes=ticket.starts_offset))
    return {name: getattr(ticket, name).astimezone(zone) for name in ("starts_at", "needed_at")}
