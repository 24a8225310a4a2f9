"""Every change of an order has its event, every event is published, and who adopts a guest gets all orders."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from nameko import config
from sqlalchemy import Row

from operations.checks.snapshot import Snapshot, order_pages
from services.foundation.database import utc_now
from services.order.rules import ENDED_UNPAID

HISTORIES = """
    SELECT about, COUNT(*) AS n, MIN(sequence) AS oldest, MAX(sequence) AS newest,
        SUBSTRING_INDEX(GROUP_CONCAT(IF(type IN ('order.adopted', 'order.extended'), NULL, type)
            ORDER BY sequence DESC), ',', 1) AS type
    FROM outbox WHERE about IN :ids GROUP BY about"""
LEFT_BEHIND = """
    SELECT type, about FROM outbox WHERE published_at IS NULL
    AND occurred_at < (SELECT MAX(published_at) FROM outbox) - INTERVAL 1 MINUTE"""
ADOPTED = """
    SELECT guest_id, adopted_by FROM guest WHERE guest_id > :after AND adopted_by IS NOT NULL
    ORDER BY guest_id LIMIT :most"""
LEFT_TO_GUESTS = "SELECT order_id, buyer_id FROM orders WHERE buyer_id IN :guests"


def events_fit_the_orders(snapshot: Snapshot) -> Iterator[str]:
    yield from an_event_for_every_change(snapshot)
    yield from events_left_behind(snapshot)


def an_event_for_every_change(snapshot: Snapshot) -> Iterator[str]:
    """Published events are deleted after `events.kept_days`; an order that changed since then has all later ones."""
    kept_since = utc_now() - dt.timedelta(days=config["events"]["kept_days"])
    for orders in order_pages(snapshot):
        histories = {row.about: row for row in snapshot.rows(snapshot.order, HISTORIES, ids=list(orders))}
        for order in orders.values():
            if breach := _breach_of_history(order, histories.get(order.order_id), kept_since):
                yield f"order {breach}"


def _breach_of_history(order: Row[Any], events: Row[Any] | None, kept_since: dt.datetime) -> str | None:
    """What is wrong with the events of an order, or None; `events` is None when it has none."""
    if events is None:
        return f"{order.order_id} has no event" if order.changed_at.replace(tzinfo=dt.UTC) > kept_since else None
    is_complete = events.newest == order.version == events.oldest + events.n - 1
    if not (is_complete and _matches(events.type, order.status)):
        return (f"{order.order_id} is {order.status} at version {order.version}, its {events.n} events "
                f"end with {events.type} at {events.newest}")
    if events.oldest != 1 and order.created_at.replace(tzinfo=dt.UTC) > kept_since:
        return f"{order.order_id} has lost the events before its change {events.oldest}"
    return None


def _matches(event: str, status: str) -> bool:
    """Whether the newest event of an order, but for those of a new owner and of more time, matches its status.

    A late payment leaves an ended order as it is.
    """
    return event == f"order.{status}" or (event == "order.paid_late" and status in ENDED_UNPAID)


def events_left_behind(snapshot: Snapshot) -> Iterator[str]:
    """While the broker is down, all events wait. One that waits while later ones are published is left behind."""
    for row in snapshot.rows(snapshot.order, LEFT_BEHIND):
        yield f"{row.type} of {row.about} was never published, though later events were"


def guests_who_signed_in_have_no_orders(snapshot: Snapshot) -> Iterator[str]:
    """Within a window, of guests who began in it."""
    for page in snapshot.pages(snapshot.user, ADOPTED, "guest_id", after=snapshot.first_id):
        adopted = {row.guest_id: row.adopted_by for row in page}
        for row in snapshot.rows(snapshot.order, LEFT_TO_GUESTS, guests=list(adopted)):
            yield f"order {row.order_id} is still of guest {row.buyer_id}, who is {adopted[row.buyer_id]} by now"
