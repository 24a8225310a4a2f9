"""What order room and kitchen tell each other about snacks has arrived, and they agree."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from nameko import config
from sqlalchemy import Row

from operations.checks.snapshot import Truth
from services.foundation.database import utc_now
from services.kitchen.rules import NOT_FETCHED, WAITING
from services.order.rules import ENDED_UNPAID, HOLDS_SEATS, OWNS_SEATS

ON_ITS_WAY = dt.timedelta(minutes=1)
USED = {*WAITING, "collected", *NOT_FETCHED.values()}
# How the kitchen may have an order's snacks when it has heard all. While it is refunded that is just being asked.
FITS = {**dict.fromkeys(HOLDS_SEATS, {"reserved", "released"}), **dict.fromkeys(OWNS_SEATS, USED),
        **dict.fromkeys(ENDED_UNPAID, {"released"}), "refunded": {*USED, "given_up"} - {"new", "expired"}}


def snacks_fit_the_orders(truth: Truth) -> list[str]:
    """Sales go on: the kitchen is read before the orders, and these before their events, which are then never older."""
    heard = {row.event_id for row in truth.rows(truth.kitchen, "SELECT event_id FROM inbox")}
    tickets = {row.order_id: row for row in truth.rows(truth.kitchen, "SELECT order_id, status, version FROM ticket")}
    orders = {row.order_id: row for row in truth.rows(
        truth.order, "SELECT order_id, status, kitchen_status, kitchen_sequence FROM orders WHERE snacks <> '[]'")}
    unheard = [row for row in events_about(truth, orders) if row.event_id not in heard]
    return [*never_heard(unheard), *misfits(orders, tickets, {row.about for row in unheard}),
            *never_told(truth, orders)]


def events_about(truth: Truth, orders: dict[str, Row[Any]]) -> Iterator[Row[Any]]:
    """What the kitchen listens to, as far as neither room has begun to forget it."""
    since = utc_now() - dt.timedelta(days=config["events"]["kept_days"] - 1)
    for row in truth.rows(truth.order, "SELECT event_id, about, type, occurred_at, published_at FROM outbox WHERE type "
                                       "IN ('order.created', 'order.paid', 'order.expired', 'order.cancelled')"):
        if row.about in orders and row.occurred_at.replace(tzinfo=dt.UTC) > since:
            yield row


def never_heard(unheard: list[Row[Any]]) -> Iterator[str]:
    for row in unheard:
        if row.published_at and row.published_at.replace(tzinfo=dt.UTC) < utc_now() - ON_ITS_WAY:
            yield f"the kitchen has not heard of {row.type} of order {row.about}"


def misfits(orders: dict[str, Row[Any]], tickets: dict[str, Row[Any]], in_doubt: set[str]) -> Iterator[str]:
    for order in orders.values():
        status = tickets[order.order_id].status if order.order_id in tickets else None
        if order.order_id not in in_doubt and status not in FITS.get(order.status, {status}):
            yield f"order {order.order_id} is {order.status}, its snacks are {status}"
    for ticket in tickets.values():
        if ticket.order_id not in orders and ticket.status in USED:
            yield f"the kitchen has snacks as {ticket.status} for order {ticket.order_id}, which has none"


def never_told(truth: Truth, orders: dict[str, Row[Any]]) -> Iterator[str]:
    for row in truth.rows(truth.kitchen, "SELECT about, MAX(sequence) AS newest FROM outbox WHERE published_at < "
                                         "UTC_TIMESTAMP() - INTERVAL 1 MINUTE GROUP BY about"):
        if row.about in orders and orders[row.about].kitchen_sequence < row.newest:
            yield f"order {row.about} has not heard how far its snacks are"
