"""Every change of an order has its event, and every event is published."""

import datetime as dt

from nameko import config

from operations.checks.snapshot import Snapshot
from services.foundation.database import utc_now
from services.order.rules import ENDED_UNPAID


def events_fit_the_orders(snapshot: Snapshot) -> list[str]:
    return an_event_for_every_change(snapshot) + events_left_behind(snapshot)


def an_event_for_every_change(snapshot: Snapshot) -> list[str]:
    """Published events are deleted after `events.kept_days`; an order that changed since then has all later ones."""
    histories = {row.about: row for row in snapshot.rows(
        snapshot.order, "SELECT about, COUNT(*) AS n, MIN(sequence) AS oldest, MAX(sequence) AS newest, "
                     "SUBSTRING_INDEX(GROUP_CONCAT(type ORDER BY sequence DESC), ',', 1) AS type "
                     "FROM outbox GROUP BY about")}
    oldest_kept = utc_now() - dt.timedelta(days=config["events"]["kept_days"])
    wrong = []
    for order in snapshot.orders.values():
        row, changed_at = histories.get(order.order_id), order.changed_at.replace(tzinfo=dt.UTC)
        if row is None:
            wrong += [f"order {order.order_id} has no event"] if changed_at > oldest_kept else []
        elif not (_matches(row.type, order.status) and row.newest == order.version == row.oldest + row.n - 1):
            wrong.append(f"order {order.order_id} is {order.status} at version {order.version}, its {row.n} events "
                         f"end with {row.type} at {row.newest}")
        elif row.oldest != 1 and order.created_at.replace(tzinfo=dt.UTC) > oldest_kept:
            wrong.append(f"order {order.order_id} has lost the events before its change {row.oldest}")
    return wrong


def _matches(event: str, status: str) -> bool:
    """Whether the newest event of an order matches its status. A late payment leaves an ended order as it is."""
    return event == f"order.{status}" or (event == "order.paid_late" and status in ENDED_UNPAID)


def events_left_behind(snapshot: Snapshot) -> list[str]:
    """While the broker is down, all events wait. One that waits while later ones are published is left behind."""
    left = snapshot.rows(snapshot.order, "SELECT type, about FROM outbox WHERE published_at IS NULL AND occurred_at < "
                                   "(SELECT MAX(published_at) FROM outbox) - INTERVAL 1 MINUTE")
    return [f"{row.type} of {row.about} was never published, though later events were" for row in left]
