"""The data that the invariants are about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nameko import config
from sqlalchemy import Engine, Row, text

from services.foundation.database import make_engine
from services.foundation.redis_client import connect
from services.order.rules import snack_refund_id
from services.seating.board import Board


@dataclass
class Snapshot:
    """The rooms' databases and the seat boards; each table is read once, when it is first asked for."""

    order: Engine
    payment: Engine
    kitchen: Engine
    film: Engine
    office: Engine
    loyalty: Engine
    wallet: Engine
    user: Engine
    board: Board

    @classmethod
    @contextmanager
    def open(cls) -> Iterator["Snapshot"]:
        """A snapshot of the databases that config.yml names; its connections are closed at the end."""
        uris = config["DB_URIS"]
        rooms = ("order", "payment", "kitchen", "film", "office", "loyalty", "wallet", "user")
        engines = {room: make_engine(uris[f"{room}:Base"]) for room in rooms}
        with connect(config["REDIS_URIS"]["marquee"]) as client:
            try:
                yield cls(**engines, board=Board(client))
            finally:
                for engine in engines.values():
                    engine.dispose()

    def rows(self, engine: Engine, query: str, **values: Any) -> list[Row[Any]]:
        with engine.connect() as connection:
            return list(connection.execute(text(query), values))

    @cached_property
    def orders(self) -> dict[str, Row[Any]]:
        return {row.order_id: row for row in self.rows(self.order, "SELECT * FROM orders")}

    @cached_property
    def claims(self) -> list[Row[Any]]:
        return self.rows(self.order, "SELECT * FROM seat_claim")

    @cached_property
    def tickets(self) -> list[Row[Any]]:
        return self.rows(self.order, "SELECT * FROM ticket WHERE status = 'valid'")

    @cached_property
    def accounts(self) -> dict[str, Row[Any]]:
        """The payment room's account of each order: its currency, captured and refunded, by order id."""
        return {row.order_id: row for row in self.rows(
            self.payment, "SELECT a.order_id, a.currency, IF(a.captured_payment_id IS NULL, 0, a.amount) AS captured, "
                          "COALESCE((SELECT SUM(amount) FROM refund r WHERE r.order_id = a.order_id "
                          "AND r.payment_id = a.captured_payment_id "
                          "AND r.status IN ('done', 'settled', 'written_off')), 0) "
                          "AS refunded FROM account a")}

    @cached_property
    def owed(self) -> dict[str, int]:
        """The sum of the refunds that the order room has asked for, by order id."""
        return {row.order_id: int(row.amount) for row in self.rows(
            self.order, "SELECT order_id, SUM(amount) AS amount FROM refund GROUP BY order_id")}

    @cached_property
    def settled(self) -> set[str]:
        """The ids of the orders whose snacks are accounted for, by a refund of their own."""
        refunds = self.rows(self.order, "SELECT order_id, refund_id FROM refund")
        return {row.order_id for row in refunds if row.refund_id == snack_refund_id(row.order_id)}

    @cached_property
    def kept(self) -> dict[str, int]:
        """The fees kept of refunded seats and snacks, by order id."""
        return {row.order_id: int(row.kept) for row in self.rows(
            self.order, "SELECT order_id, SUM(kept) AS kept FROM refund GROUP BY order_id")}
