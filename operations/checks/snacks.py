"""The order room and the kitchen have heard of each other's events about snacks, and agree."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from nameko import config
from sqlalchemy import Row

from operations.checks.snapshot import Rows, Snapshot, in_pages, order_pages, orders_of
from services.foundation.database import utc_now
from services.kitchen.rules import AFTER_SCREENING, WAITING
from services.order.rules import ENDED_UNPAID, HOLDS_SEATS, OWNS_SEATS

ON_ITS_WAY = dt.timedelta(minutes=1)
USED: set[str | None] = {*WAITING, "collected", *AFTER_SCREENING.values()}
# The states that an order's snacks may have, by the state of the order, once the kitchen has heard every event. What
# was released long ago is deleted. An order that is being refunded may have any: the kitchen is just being asked.
FITS: dict[str, set[str | None]] = {
    **dict.fromkeys(HOLDS_SEATS, {"reserved", "released"}), **dict.fromkeys(OWNS_SEATS, USED),
    **dict.fromkeys(ENDED_UNPAID, {"released", None}), "refunded": {*USED, "given_up"} - {"new", "expired"}}
EVENTS = """
    SELECT event_id, about, type, occurred_at, published_at FROM outbox WHERE about IN :ids
    AND type IN ('order.created', 'order.paid', 'order.expired', 'order.cancelled')"""
TICKETS = "SELECT order_id, status, version FROM ticket WHERE order_id IN :ids"
CHANGED_TICKETS = """
    SELECT order_id FROM ticket WHERE changed_at >= :since UNION
    SELECT order_id FROM ticket WHERE status IN :waiting"""
ALL_TICKETS = "SELECT order_id FROM ticket WHERE order_id > :after ORDER BY order_id LIMIT :most"
MISSED_STEPS = """
    SELECT about, MAX(sequence) AS newest FROM outbox
    WHERE about IN :ids AND published_at < UTC_TIMESTAMP() - INTERVAL 1 MINUTE GROUP BY about"""


def snacks_fit_the_orders(snapshot: Snapshot) -> Iterator[str]:
    """Sales go on, so the kitchen is read before the orders, and the orders before their events: none is older then."""
    consumers = [row.consumer for row in snapshot.rows(snapshot.kitchen, "SELECT DISTINCT consumer FROM inbox")]
    for ids in order_ids(snapshot):
        # Each event is looked for where it was heard before what it has changed is read.
        event_ids = [row.event_id for row in events_about(snapshot, ids)]
        heard = {row.event_id for row in snapshot.rows(
            snapshot.kitchen, "SELECT event_id FROM inbox WHERE consumer IN :consumers AND event_id IN :ids",
            consumers=consumers, ids=event_ids)}
        tickets = {row.order_id: row for row in snapshot.rows(snapshot.kitchen, TICKETS, ids=ids)}
        orders = with_snacks(orders_of(snapshot, ids))
        unheard = [row for row in events_about(snapshot, list(orders)) if row.event_id not in heard]
        yield from missed_by_the_kitchen(unheard)
        yield from mismatches(orders, tickets, {row.about for row in unheard})
        yield from missed_by_the_order_room(snapshot, orders)


def with_snacks(orders: Rows) -> Rows:
    return {order_id: order for order_id, order in orders.items() if order.snacks != "[]"}


def order_ids(snapshot: Snapshot) -> Iterator[list[str]]:
    """The orders with snacks, and those for which the kitchen has some, each once."""
    if snapshot.since is not None:
        found = snapshot.changed(snapshot.kitchen, CHANGED_TICKETS, waiting=list(WAITING))
        for orders in order_pages(snapshot):
            found.update(with_snacks(orders))
        yield from in_pages(found)
        return
    for orders in order_pages(snapshot):
        yield list(with_snacks(orders))
    for page in snapshot.pages(snapshot.kitchen, ALL_TICKETS, "order_id"):
        ids = [row.order_id for row in page]
        known = with_snacks(orders_of(snapshot, ids))
        yield [each for each in ids if each not in known]


def events_about(snapshot: Snapshot, ids: list[str]) -> Iterator[Row[Any]]:
    """The events that the kitchen consumes, as far back as both rooms keep them."""
    since = utc_now() - dt.timedelta(days=config["events"]["kept_days"] - 1)
    for row in snapshot.rows(snapshot.order, EVENTS, ids=ids):
        if row.occurred_at.replace(tzinfo=dt.UTC) > since:
            yield row


def missed_by_the_kitchen(unheard: list[Row[Any]]) -> Iterator[str]:
    for row in unheard:
        if row.published_at and row.published_at.replace(tzinfo=dt.UTC) < utc_now() - ON_ITS_WAY:
            yield f"the kitchen has not heard of {row.type} of order {row.about}"


def mismatches(orders: Rows, tickets: Rows, pending: set[str]) -> Iterator[str]:
    for order in orders.values():
        status = tickets[order.order_id].status if order.order_id in tickets else None
        if order.order_id not in pending and status not in FITS.get(order.status, {status}):
            yield f"order {order.order_id} is {order.status}, its snacks are {status}"
    for ticket in tickets.values():
        if ticket.order_id not in orders and ticket.status in USED:
            yield f"the kitchen has snacks as {ticket.status} for order {ticket.order_id}, which has none"


def missed_by_the_order_room(snapshot: Snapshot, orders: Rows) -> Iterator[str]:
    for row in snapshot.rows(snapshot.kitchen, MISSED_STEPS, ids=list(orders)):
        if orders[row.about].kitchen_sequence < row.newest:
            yield f"order {row.about} has missed a change of its snacks"
