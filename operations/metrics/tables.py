"""What the rooms' tables tell: events that wait, orders, money, snacks and messages.

Every query reads a short stretch of an index: rows that wait for something, never the history. MariaDB ends one that
takes too long all the same.
"""

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from nameko import config
from prometheus_client.core import Metric
from sqlalchemy import text
from sqlalchemy.engine import Connection

from operations.metrics.gauges import gauge
from operations.metrics.measurement import Measurement
from services.foundation.database import Transactions, make_engine
from services.foundation.migrate import rooms_with_tables
from services.kitchen.rules import WAITING
from services.order.rules import HOLDS_SEATS, OWNS_SEATS

QUERY_SECONDS = 2
MOST_COUNTED = 100_000    # of rows that may pile up; what is beyond is not counted
ORDER_STATES = sorted((HOLDS_SEATS | OWNS_SEATS | {"refunding"}) - {"completed"})

Rows = Sequence[Any]
Read = Callable[[Connection], Iterable[Metric]]


def measurements() -> list[Measurement]:
    """One for each room with tables, by the room's name."""
    return [Measurement(room, reader(room, _reads(room))) for room in rooms_with_tables()]


def reader(room: str, reads: Sequence[Read]) -> Callable[[], Iterable[Metric]]:
    """A function that does these reads in one transaction on the room's schema."""
    database = Transactions(make_engine(config["DB_URIS"][f"{room}:Base"]))

    def read(tx: Connection) -> list[Metric]:
        tx.execute(text(f"SET SESSION max_statement_time = {QUERY_SECONDS}"))
        return [metric for each in reads for metric in each(tx)]

    return lambda: database.read(read)


def _reads(room: str) -> list[Read]:
    own: dict[str, Read] = {"order": orders, "payment": payments, "kitchen": kitchen, "notification": messages}
    has_outbox = hasattr(importlib.import_module(f"services.{room}.models"), "OUTBOX")
    return [*([outbox_of(room)] if has_outbox else []), *([own[room]] if room in own else [])]


def rows(tx: Connection, query: str, **values: Any) -> Rows:
    """What the query finds."""
    return tx.execute(text(query), values).all()


def count(tx: Connection, table: str, condition: str) -> int:
    """How many rows meet the condition, MOST_COUNTED at most."""
    inner = f"SELECT 1 FROM {table} WHERE {condition} LIMIT {MOST_COUNTED}"  # noqa: S608 both are written here
    return int(rows(tx, f"SELECT COUNT(*) FROM ({inner}) AS found")[0][0])  # noqa: S608


def by_state(tx: Connection, table: str, states: Iterable[str]) -> list[tuple[list[str], float]]:
    """How many rows are in each of these states, which is 0 for some."""
    return [([state], count(tx, table, f"status = '{state}'")) for state in states]


def oldest_age(tx: Connection, table: str, moment: str, condition: str, order: str) -> float:
    """The seconds since the moment of the first row that meets the condition; 0 without one."""
    query = (f"SELECT TIMESTAMPDIFF(MICROSECOND, {moment}, UTC_TIMESTAMP(3)) FROM {table} "  # noqa: S608
             f"WHERE {condition} ORDER BY {order} LIMIT 1")
    found = rows(tx, query)
    return max(0.0, float(found[0][0]) / 1e6) if found else 0.0


def outbox_of(room: str) -> Read:
    """The events of a room that wait to be published."""
    waiting = "published_at IS NULL"

    def read(tx: Connection) -> Iterator[Metric]:
        yield gauge("marquee_outbox_events", "Events that wait in a room's outbox to be published.", ["room"],
                    [([room], count(tx, "outbox", waiting))])
        yield gauge("marquee_outbox_oldest_age_seconds", "How long the oldest unpublished event has waited.", ["room"],
                    [([room], oldest_age(tx, "outbox", "occurred_at", waiting, "event_id"))])

    return read


def orders(tx: Connection) -> Iterator[Metric]:
    """Orders that have not come to their end, the seats held for those that are not paid, and refunds not made."""
    held = ", ".join(f"'{state}'" for state in sorted(HOLDS_SEATS))
    yield gauge("marquee_orders", "Orders that have not come to their end, by state.", ["state"],
                by_state(tx, "orders", ORDER_STATES))
    seats = "orders JOIN seat_claim USING (order_id)"
    yield gauge("marquee_seats_held", "Seats held for orders that are not paid.", [],
                [([], count(tx, seats, f"status IN ({held})"))])
    yield gauge("marquee_refunds_owed", "Refunds that the payment room has not confirmed.", [],
                [([], count(tx, "refund", "status = 'requested'"))])
    yield gauge("marquee_refunds_oldest_age_seconds", "How long the oldest unconfirmed refund has been owed.", [],
                [([], oldest_age(tx, "refund", "requested_at", "status = 'requested'", "requested_at"))])


def payments(tx: Connection) -> Iterator[Metric]:
    """Payments without an outcome, webhooks not handled, and what a person has to decide."""
    yield gauge("marquee_payments", "Payments without an outcome, by state.", ["state"],
                by_state(tx, "payment", ("submitted", "pending")))
    yield gauge("marquee_webhooks_waiting", "Webhooks of payment providers that are not handled yet.", [],
                [([], count(tx, "webhook_inbox", "handled_at IS NULL"))])
    stuck = "status = 'requested' AND created_at < UTC_TIMESTAMP() - INTERVAL 1 DAY"
    yield gauge("marquee_reviews", "Cases about money that a person has to decide.", ["about"], [
        (["payment"], count(tx, "payment", "status = 'review'")),
        (["refund"], count(tx, "refund", "status = 'failed'") + count(tx, "refund", stuck)),
        (["reversal"], count(tx, "reversal", "status = 'open'"))])


def kitchen(tx: Connection) -> Iterator[Metric]:
    """Snacks that wait for a cook or a guest, by cinema."""
    states = ", ".join(f"'{state}'" for state in WAITING)
    waiting = rows(tx, f"SELECT cinema_id, status, COUNT(*) FROM ticket WHERE status IN ({states}) "  # noqa: S608
                       "GROUP BY cinema_id, status")
    yield gauge("marquee_kitchen_tickets", "Orders of snacks that wait, by state.", ["cinema", "state"],
                [([row[0], row[1]], row[2]) for row in waiting])
    late = rows(tx, "SELECT cinema_id, COUNT(*) FROM ticket WHERE status IN ('new', 'preparing') "
                    "AND needed_at < UTC_TIMESTAMP() GROUP BY cinema_id")
    yield gauge("marquee_kitchen_tickets_late", "Orders of snacks that should be ready by now, and are not.",
                ["cinema"], [([row[0]], row[1]) for row in late])


def messages(tx: Connection) -> Iterator[Metric]:
    """Messages to buyers that are not sent."""
    yield gauge("marquee_messages", "Messages to buyers that are not sent, by state.", ["state"],
                by_state(tx, "message", ("waiting", "unconfirmed", "failed")))
