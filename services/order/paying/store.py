"""Orders that become paid, and unpaid orders whose time is over."""

import datetime as dt
from dataclasses import asdict

from prometheus_client import Counter
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from services.foundation import metrics
from services.foundation.ids import new_id
from services.order import rules, store
from services.order.order_view import OrderView
from services.order.store import claims, orders, tickets
from services.order.tickets.codes import TicketFacts, TicketKeys

ADD_TICKETS = insert(tickets)  # built once: several rows go as one statement
BATCH = 1000
SEATS_SOLD = Counter("marquee_seats_sold_total", "Seats of orders that became paid.")


def mark_paid(tx: Connection, view: OrderView, ticket_keys: TicketKeys) -> None:
    """Make a locked order paid: its claims are final, and its tickets are made with codes signed by `ticket_keys`."""
    row = view.row
    store.move(tx, view, "paid", ask_again_at=None)
    sold = tx.execute(update(claims).where(claims.c.order_id == row.order_id).values(state="SOLD")).rowcount
    if sold != len(view.seats):
        raise AssertionError(f"order {row.order_id} has {sold} claims for {len(view.seats)} seats")
    _make_tickets(tx, view, ticket_keys)


def revive(tx: Connection, view: OrderView, ticket_keys: TicketKeys) -> bool:
    """Make an expired order paid if its seats are all free still; else do nothing and return False."""
    try:
        store.claim(tx, view.row.screening_id, view.row.order_id, view.seat_ids, "SOLD")
    except store.ClaimTaken:  # MariaDB undoes the whole statement
        return False
    store.move(tx, view, "paid", revived=True)
    _make_tickets(tx, view, ticket_keys)
    return True


def _make_tickets(tx: Connection, view: OrderView, ticket_keys: TicketKeys) -> None:
    row = view.row
    facts = [TicketFacts(new_id(), row.screening_id, seat) for seat in view.seat_ids]
    tx.execute(ADD_TICKETS, [
        {**asdict(ticket), "order_id": row.order_id, "code": ticket_keys.sign(ticket), "status": "valid"}
        for ticket in facts])
    metrics.count_after_commit(tx, SEATS_SOLD, len(facts))


def dead_orders(tx: Connection, now: dt.datetime) -> list[str]:
    """Unpaid orders past their deadline, but for deferred ones; those never deferred come first."""
    return list(tx.execute(
        select(orders.c.order_id)
        .where(orders.c.status.in_(rules.UNPAID), orders.c.expires_at <= now, store.may_be_asked(now))
        .order_by(orders.c.ask_again_at, orders.c.expires_at).limit(BATCH)
    ).scalars())
