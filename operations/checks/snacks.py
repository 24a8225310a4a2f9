"""The order room and the kitchen have heard of each other's events about snacks, and agree."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from nameko import config
from sqlalchemy import Row

from operations.checks.snapshot import Snapshot
from services.foundation.database import utc_now
from services.kitchen.rules import AFTER_SCREENING, WAITING
from services.order.rules import ENDED_UNPAID, HOLDS_SEATS, OWNS_SEATS

ON_ITS_WAY = dt.timedelta(minutes=1)
USED = {*WAITING, "collected", *AFTER_SCREENING.values()}
# The states that an order's snacks may have, by the state of the order, once the kitchen has heard every event.
# An order that is being refunded may have any: the kitchen is just being asked.
FITS = {**dict.fromkeys(HOLDS_SEATS, {"reserved", "released"}), **dict.fromkeys(OWNS_SEATS, USED),
        **dict.fromkeys(ENDED_UNPAID, {"released"}), "refunded": {*USED, "given_up"} - {"new", "expired"}}


def snacks_fit_the_orders(snapshot: Snapshot) -> list[str]:
    """Sales go on, so the kitchen is read before the orders, and the orders before their events: none is older then."""
    heard = {row.event_id for row in snapshot.rows(snapshot.kitchen, "SELECT event_id FROM inbox")}
    tickets = {row.order_id: row for row in snapshot.rows(
        snapshot.kitchen, "SELECT order_id, status, version FROM ticket")}
    orders = {row.order_id: row for row in snapshot.rows(
        snapshot.order, "SELECT order_id, status, kitchen_status, kitchen_sequence FROM orders WHERE snacks <> '[]'")}
    unheard = [row for row in events_about(snapshot, orders) if row.event_id not in heard]
    return [*missed_by_the_kitchen(unheard), *mismatches(orders, tickets, {row.about for row in unheard}),
            *missed_by_the_order_room(snapshot, orders)]


def events_about(snapshot: Snapshot, orders: dict[str, Row[Any]]) -> Iterator[Row[Any]]:
    """The events that the kitchen consumes, as far back as both rooms keep them."""
    since = utc_now() - dt.timedelta(days=config["events"]["kept_days"] - 1)
    for row in snapshot.rows(
            snapshot.order, "SELECT event_id, about, type, occurred_at, published_at FROM outbox WHERE type "
                            "IN ('order.created', 'order.paid', 'order.expired', 'order.cancelled')"):
        if row.about in orders and row.occurred_at.replace(tzinfo=dt.UTC) > since:
            yield row


def missed_by_the_kitchen(unheard: list[Row[Any]]) -> Iterator[str]:
    for row in unheard:
        if row.published_at and row.published_at.replace(tzinfo=dt.UTC) < utc_now() - ON_ITS_WAY:
            yield f"the kitchen has not heard of {row.type} of order {row.about}"


def mismatches(orders: dict[str, Row[Any]], tickets: dict[str, Row[Any]], pending: set[str]) -> Iterator[str]:
    for order in orders.values():
        status = tickets[order.order_id].status if order.order_id in tickets else None
        if order.order_id not in pending and status not in FITS.get(order.status, {status}):
            yield f"order {order.order_id} is {order.status}, its snacks are {status}"
    for ticket in tickets.values():
        if ticket.order_id not in orders and ticket.status in USED:
            yield f"the kitchen has snacks as {ticket.status} for order {ticket.order_id}, which has none"


def missed_by_the_order_room(snapshot: Snapshot, orders: dict[str, Row[Any]]) -> Iterator[str]:
    for row in snapshot.rows(
            snapshot.kitchen, "SELECT about, MAX(sequence) AS newest FROM outbox WHERE published_at < "
                              "UTC_TIMESTAMP() - INTERVAL 1 MINUTE GROUP BY about"):
        if row.about in orders and orders[row.about].kitchen_sequence < row.newest:
            yield f"order {row.about} has missed a change of its snacks"
