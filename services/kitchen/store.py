"""The kitchen room's tickets, from reserving on. Steps change by compare-and-set, in the transaction of their event."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select, tuple_, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from schemas.errors import FieldsInvalid, RequestInProgress
from schemas.kitchen import (
    QUEUE_AT_MOST,
    STEP,
    KitchenStepTaken,
    SnacksSoldOut,
    SnacksUnknown,
    UnknownKitchenOrder,
)
from services.foundation.database import utc_now
from services.foundation.events import outbox
from services.kitchen import rules, stock
from services.kitchen.models import OUTBOX, Base

snacks, tickets, lines = (Base.metadata.tables[name] for name in ("snack", "ticket", "ticket_line"))
Rows = Sequence[Row[Any]]
CODES_TRIED = 50
AT_A_TIME = 100

# --- reserving ---


def reserve(tx: Connection, request: dict[str, Any]) -> Rows:
    """Set snacks aside for an order; its lines, also when it was done before.

    Raises SnacksSoldOut, or RequestInProgress when a copy of this very request has them, SnacksUnknown (the caller
    rolls back), and KitchenStepTaken for an order that is further.
    """
    order_id, cinema_id = request["order_id"], request["cinema_id"]
    try:
        add_ticket(tx, order_id, cinema_id, "reserved", request["until"], request["purchase"])
    except IntegrityError:
        if (known := find(tx, order_id)).status != "reserved":
            raise KitchenStepTaken(step=known.status) from None
        return lines_of(tx, order_id)
    wanted = {snack["sku"]: snack["quantity"] for snack in request["snacks"]}
    on_sale = {row.sku: row for row in tx.execute(select(snacks).where(
        snacks.c.cinema_id == cinema_id, snacks.c.sku.in_(wanted), snacks.c.currency == request["currency"]))}
    if unknown := [sku for sku in wanted if sku not in on_sale]:
        raise SnacksUnknown(skus=unknown)
    # Sorted, so that two buyers never wait for each other in a circle.
    if sold_out := [sku for sku in sorted(wanted) if not stock.take(tx, cinema_id, sku, wanted[sku])]:
        raise RequestInProgress(retry_after=1) if has_twin(tx, request) else SnacksSoldOut(skus=sold_out)
    add_lines(tx, order_id, [{**on_sale[sku]._mapping, "quantity": quantity} for sku, quantity in wanted.items()],
              covered=True)
    return lines_of(tx, order_id)


def has_twin(tx: Connection, request: dict[str, Any]) -> bool:
    """Whether another copy of the same request has its snacks."""
    return tx.execute(select(tickets.c.order_id).where(
        tickets.c.purchase == request["purchase"], tickets.c.order_id != request["order_id"],
        tickets.c.status.not_in(rules.GIVES_BACK))).first() is not None


def add_ticket(tx: Connection, order_id: str, cinema_id: str, status: str, until: dt.datetime,
               purchase: str | None = None, version: int = 1) -> None:
    tx.execute(insert(tickets), {"order_id": order_id, "cinema_id": cinema_id, "purchase": purchase, "status": status,
                                 "version": version, "confirmed": False, "until": until})


def add_lines(tx: Connection, order_id: str, sold: list[dict[str, Any]], covered: bool) -> None:
    """What the order has; `covered`: taken from the stock."""
    tx.execute(insert(lines), [
        {"order_id": order_id, "place": place, "taken": snack["quantity"] if covered else 0,
         **{name: snack[name] for name in ("sku", "quantity", "name", "name_zh", "price")}}
        for place, snack in enumerate(sold)])


def confirm(tx: Connection, order_id: str) -> None:
    """There is such an order: its reservation ends with it, and not by itself."""
    tx.execute(update(tickets).where(tickets.c.order_id == order_id).values(confirmed=True))


def release(tx: Connection, order_id: str, only_unconfirmed: bool = False) -> bool:
    """Give back what an unpaid order had reserved; whether it had."""
    ticket = look(tx, order_id)
    if ticket is None or ticket.status != "reserved" or (only_unconfirmed and ticket.confirmed):
        return False
    stock.put_back(tx, ticket)
    move(tx, ticket, "released")
    return True


def unconfirmed(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders that should be known by now, and are not."""
    query = select(tickets.c.order_id).where(tickets.c.status == "reserved", tickets.c.confirmed.is_(False),
                                             tickets.c.until <= now)
    return list(tx.execute(query.limit(AT_A_TIME)).scalars())


# --- tickets ---


def look(tx: Connection, order_id: str) -> Row[Any] | None:
    """The order's ticket, locked until the transaction ends."""
    return tx.execute(select(tickets).where(tickets.c.order_id == order_id).with_for_update()).first()


def find(tx: Connection, order_id: str) -> Row[Any]:
    """The order's ticket, locked; raises UnknownKitchenOrder."""
    ticket = look(tx, order_id)
    if ticket is None:
        raise UnknownKitchenOrder()
    return ticket


def lines_of(tx: Connection, *order_ids: str) -> Rows:
    """What these orders have, snack by snack."""
    query = select(lines).where(lines.c.order_id.in_(order_ids)).order_by(lines.c.order_id, lines.c.sku)
    return tx.execute(query).all()


def move(tx: Connection, ticket: Row[Any], target: str, **changes: Any) -> None:
    """Take a locked ticket to `target` and tell of it; rules.TRANSITIONS says what may follow what."""
    if not rules.may_become(ticket.status, target):
        raise AssertionError(f"the snacks of order {ticket.order_id} can't go from {ticket.status} to {target}")
    if target not in rules.WAITING:
        changes["waiting_code"] = None
    changes |= {"status": target, "version": ticket.version + 1}
    moved = tx.execute(update(tickets).where(
        tickets.c.order_id == ticket.order_id, tickets.c.status == ticket.status, tickets.c.version == ticket.version,
    ).values(changes)).rowcount
    if moved != 1:
        raise AssertionError(f"the ticket of order {ticket.order_id} was not locked")
    outbox.write(tx, OUTBOX, STEP, about=ticket.order_id, sequence=ticket.version + 1,
                 body={**ticket._mapping, **changes})


def take_up(tx: Connection, order: dict[str, Any], needed_at: dt.datetime) -> None:
    """The order is paid: prepare its snacks. `order` has the fields of schemas.order.OrderEvent.

    Should its reservation be gone, the stock is asked again, and what it lacks stands on the ticket as missing.
    """
    order_id, screening = order["order_id"], order["screening"]
    ticket = look(tx, order_id)
    if ticket is None:
        add_ticket(tx, order_id, screening["cinema_id"], "released", needed_at)
        add_lines(tx, order_id, order["snacks"], covered=False)
        ticket = find(tx, order_id)
    if not rules.may_become(ticket.status, "new"):
        return  # refunded before we heard that it was paid
    if ticket.status == "released":
        take_again(tx, ticket)
    facts = {name: screening[name] for name in ("cinema_name", "hall_name", "film_title", "starts_at")}
    offset = int((screening["starts_at"].utcoffset() or dt.timedelta()).total_seconds() // 60)
    give_a_code(tx, ticket, needed_at=needed_at, ends_at=rules.over_at(needed_at, screening["ends_at"]),
                starts_offset=offset, confirmed=True, **facts)


def take_again(tx: Connection, ticket: Row[Any]) -> None:
    for line in lines_of(tx, ticket.order_id):
        if stock.take(tx, ticket.cinema_id, line.sku, line.quantity):
            tx.execute(update(lines).where(lines.c.order_id == line.order_id, lines.c.sku == line.sku)
                       .values(taken=line.quantity))


def give_a_code(tx: Connection, ticket: Row[Any], **facts: Any) -> None:
    """Make it a new ticket under a code that nobody else has who waits in this cinema."""
    for _ in range(CODES_TRIED):
        code = rules.pick_up_code()
        try:
            move(tx, ticket, "new", pick_up_code=code, waiting_code=code, **facts)
            return
        except IntegrityError as problem:
            if "one_code_a_guest" not in str(problem.orig):
                raise
    raise AssertionError(f"cinema {ticket.cinema_id} has run out of pick-up codes")


def over(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders whose snacks still wait though their screening is over, AT_A_TIME at most."""
    query = select(tickets.c.order_id).where(tickets.c.status.in_(rules.WAITING), tickets.c.ends_at <= now)
    return list(tx.execute(query.order_by(tickets.c.ends_at).limit(AT_A_TIME)).scalars())


def end(tx: Connection, order_id: str, now: dt.datetime) -> None:
    """Nobody fetches them any more, and other guests may have their code. What they took stays taken."""
    ticket = find(tx, order_id)
    if ticket.status in rules.WAITING and ticket.ends_at <= now:
        move(tx, ticket, rules.NOT_FETCHED[ticket.status])


def give_up(tx: Connection, order_id: str, lost: dict[str, Any] | None = None) -> bool:
    """Prepare nothing for this order, unless that has begun; whether it was in time.

    Raises UnknownKitchenOrder, unless `lost` has the fields of schemas.kitchen.LostTicket: then the order is given up
    for good, and hearing later that it is paid changes nothing.
    """
    ticket = look(tx, order_id)
    if ticket is None and lost is not None:
        add_ticket(tx, order_id, lost["cinema_id"], "released", utc_now(), version=max(1, lost["version"]))
    ticket = ticket or find(tx, order_id)
    if ticket.status == "given_up":
        return True
    if not rules.may_become(ticket.status, "given_up"):
        return False
    stock.put_back(tx, ticket)
    move(tx, ticket, "given_up")
    return True


def step(tx: Connection, order_id: str, before: str, after: str, code: str | None = None) -> dict[str, Any]:
    """Take a ticket from `before` to `after`; what it is then.

    Raises UnknownKitchenOrder, KitchenStepTaken when someone was faster, and WrongPickUpCode unless `code` is None.
    """
    ticket = find(tx, order_id)
    if ticket.status != before:
        raise KitchenStepTaken(step=ticket.status)
    if code is not None:
        rules.check_code(ticket.pick_up_code, code)
    move(tx, ticket, after)
    return views(tx, [find(tx, order_id)])[0]


def queue(tx: Connection, cinema_id: str | None, statuses: Sequence[str], since: dt.datetime,
          after: str | None = None, limit: int = QUEUE_AT_MOST) -> list[dict[str, Any]]:
    """Tickets by when they are needed, none before `since`, in the fields of schemas.kitchen.KitchenTicket.

    `after`: only what stands behind this order's ticket. Raises FieldsInvalid when that is not in the kitchen.
    """
    place = tuple_(tickets.c.needed_at, tickets.c.order_id)
    query = select(tickets).where(tickets.c.status.in_(statuses), tickets.c.needed_at > since)
    if cinema_id is not None:
        query = query.where(tickets.c.cinema_id == cinema_id)
    if after is not None:
        query = query.where(place > tuple_(_needed_at(tx, after), after))
    return views(tx, tx.execute(query.order_by(tickets.c.needed_at, tickets.c.order_id).limit(limit)).all())


def _needed_at(tx: Connection, order_id: str) -> dt.datetime:
    when = tx.execute(select(tickets.c.needed_at).where(tickets.c.order_id == order_id)).scalar()
    if when is None:
        raise FieldsInvalid(fields={"cursor": ["Not a `next_cursor` of this queue."]})
    return when


def views(tx: Connection, found: Rows) -> list[dict[str, Any]]:
    whole: dict[str, list[dict[str, Any]]] = {ticket.order_id: [] for ticket in found}
    for line in sorted(lines_of(tx, *whole), key=lambda line: line.place):
        whole[line.order_id].append({**line._mapping, "missing": line.quantity - line.taken})
    return [{**ticket._mapping, "snacks": whole[ticket.order_id], **_at_the_cinema(ticket),
             "short": any(snack["missing"] for snack in whole[ticket.order_id])} for ticket in found]


def _at_the_cinema(ticket: Row[Any]) -> dict[str, dt.datetime]:
    zone = dt.timezone(dt.timedelta(minutes=ticket.starts_offset))  # of the clock on its wall
    return {name: getattr(ticket, name).astimezone(zone) for name in ("starts_at", "needed_at")}
