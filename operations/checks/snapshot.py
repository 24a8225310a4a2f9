"""The data that the invariants are about: what has changed within a window of time, or everything.

Whatever is checked is read in pages, so the memory that a check needs does not grow with the tables. Within a window
each page is found by an index, so the time that it takes does not grow with them either. What is not settled is in the
window whatever its age: an unpaid order, one in review, a payment without an outcome.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nameko import config
from sqlalchemy import BindParameter, Engine, Row, bindparam, text

from services.foundation.database import make_engine
from services.foundation.ids import EPOCH, first_id
from services.foundation.redis_client import connect
from services.seating.board import Board

PAGE = 500  # rows
SCREENINGS_AT_A_TIME = 20  # with all their seats
Rows = dict[str, Row[Any]]
ORDERS = """
    SELECT order_id FROM orders WHERE changed_at >= :since UNION
    SELECT order_id FROM orders WHERE status IN ('created', 'paying', 'review', 'refunding')"""
MONEY = """
    SELECT order_id FROM account WHERE changed_at >= :since UNION
    SELECT order_id FROM payment WHERE changed_at >= :since UNION
    SELECT order_id FROM payment WHERE status IN ('submitted', 'pending', 'review') UNION
    SELECT order_id FROM refund WHERE changed_at >= :since UNION
    SELECT order_id FROM refund WHERE status IN ('requested', 'failed')"""
SCREENINGS = "SELECT DISTINCT screening_id FROM {} WHERE screening_id > :after ORDER BY screening_id LIMIT :most"
ACCOUNT = """
    SELECT a.order_id, a.currency, IF(a.captured_payment_id IS NULL, 0, a.amount) AS captured, COALESCE((
        SELECT SUM(amount) FROM refund r WHERE r.order_id = a.order_id AND r.payment_id = a.captured_payment_id
        AND r.status IN ('done', 'settled', 'written_off')), 0) AS refunded
    FROM account a """


@dataclass
class Snapshot:
    """The rooms' databases and the seat boards. `since`: check what has changed since then; None: check everything.

    Ids are made by services.foundation.ids, so rows that never change are in the window by their ids.
    """

    order: Engine
    payment: Engine
    kitchen: Engine
    film: Engine
    office: Engine
    loyalty: Engine
    wallet: Engine
    user: Engine
    board: Board
    since: dt.datetime | None = None

    @classmethod
    @contextmanager
    def open(cls, since: dt.datetime | None = None) -> Iterator["Snapshot"]:
        """A snapshot of the databases that config.yml names; its connections are closed at the end."""
        uris = config["DB_URIS"]
        rooms = ("order", "payment", "kitchen", "film", "office", "loyalty", "wallet", "user")
        engines = {room: make_engine(uris[f"{room}:Base"]) for room in rooms}
        with connect(config["REDIS_URIS"]["marquee"]) as client:
            try:
                yield cls(**engines, board=Board(client), since=since)
            finally:
                for engine in engines.values():
                    engine.dispose()

    @property
    def first_id(self) -> str:
        """The first id that can have been made within the window; empty: every id is later."""
        return "" if self.since is None else first_id(self.since)

    @property
    def first_moment(self) -> dt.datetime:
        """When the window begins, as the databases have it; without one, before anything was written."""
        return (EPOCH if self.since is None else self.since).astimezone(dt.UTC).replace(tzinfo=None)

    def rows(self, engine: Engine, query: str, **values: Any) -> list[Row[Any]]:
        """What the query finds. A list among the values stands for the list of an IN."""
        lists: list[BindParameter[Any]] = [
            bindparam(name, expanding=True) for name, value in values.items() if isinstance(value, list)]
        with engine.connect() as connection:
            return list(connection.execute(text(query).bindparams(*lists), values))

    def pages(self, engine: Engine, query: str, key: str, after: str = "", **values: Any) -> Iterator[list[Row[Any]]]:
        """The same for as many rows as there are, in pages: the query finds `:most` rows whose `key` is `> :after`."""
        while page := self.rows(engine, query, after=after, most=PAGE, **values):
            yield page
            if len(page) < PAGE:
                return
            after = str(getattr(page[-1], key))

    def changed(self, engine: Engine, query: str, **values: Any) -> set[str]:
        """The ids that a query finds within the window, by `:since`."""
        return {row[0] for row in self.rows(engine, query, since=self.first_moment, **values)}


def in_pages(ids: Iterable[str], most: int = PAGE) -> Iterator[list[str]]:
    """The ids, sorted, in lists that fit a query."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), most):
        yield ordered[start:start + most]


# --- which orders, screenings and accounts are checked: those that have changed in the window, or all ---


def order_pages(snapshot: Snapshot) -> Iterator[Rows]:
    """The orders by id, in pages."""
    if snapshot.since is None:
        for page in snapshot.pages(snapshot.order, "SELECT * FROM orders WHERE order_id > :after "
                                                   "ORDER BY order_id LIMIT :most", "order_id"):
            yield _by_order(page)
    else:
        changed = snapshot.changed(snapshot.order, ORDERS) | snapshot.changed(snapshot.payment, MONEY)
        for ids in in_pages(changed):
            yield orders_of(snapshot, ids)


def orders_of(snapshot: Snapshot, ids: list[str]) -> Rows:
    """These orders, as many of them as there are."""
    return _by_order(snapshot.rows(snapshot.order, "SELECT * FROM orders WHERE order_id IN :ids", ids=ids))


def account_pages(snapshot: Snapshot) -> Iterator[Rows]:
    """The payment room's account of each order: its currency, captured and refunded, by order id, in pages."""
    if snapshot.since is None:
        for page in snapshot.pages(snapshot.payment, ACCOUNT + "WHERE a.order_id > :after "
                                                               "ORDER BY a.order_id LIMIT :most", "order_id"):
            yield _by_order(page)
    else:
        for ids in in_pages(snapshot.changed(snapshot.payment, MONEY)):
            yield accounts_of(snapshot, ids)


def accounts_of(snapshot: Snapshot, ids: list[str]) -> Rows:
    """The accounts of these orders, as `account_pages` has them."""
    return _by_order(snapshot.rows(snapshot.payment, ACCOUNT + "WHERE a.order_id IN :ids", ids=ids))


def screening_pages(snapshot: Snapshot) -> Iterator[list[str]]:
    """The screenings of these orders, and in a check of everything those of any claim or ticket, in pages."""
    found: set[str] = set()
    if snapshot.since is None:
        for table in ("seat_claim", "ticket"):
            for page in snapshot.pages(snapshot.order, SCREENINGS.format(table), "screening_id"):
                found.update(row.screening_id for row in page)
    else:
        for orders in order_pages(snapshot):
            found.update(order.screening_id for order in orders.values())
    yield from in_pages(found, SCREENINGS_AT_A_TIME)


def _by_order(rows: list[Row[Any]]) -> Rows:
    return {row.order_id: row for row in rows}
