import datetime as dt
from collections.abc import Iterator
from typing import Any

import nameko
import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import Engine

from schemas import order
from schemas.base import Event
from services.foundation.database import Transactions, utc_now
from services.foundation.events.consumers import Delivery
from services.loyalty.models import Base
from services.loyalty.service import Loyalty
from services.loyalty.settings import LoyaltySettings, load
from testbed.mesh import Mesh
from tests.drivers.room_tables import emptied, migrated
from tests.unit.loyalty.samples import SECTION


@pytest.fixture(scope="session")
def loyalty_engine(servers: Mesh) -> Iterator[Engine]:
    """The loyalty room's schema, as its migrations make it."""
    with migrated(servers, "loyalty") as engine:
        yield engine


@pytest.fixture
def loyalty(loyalty_engine: Engine) -> Transactions:
    """Its tables, empty."""
    return emptied(loyalty_engine, Base.metadata)


@pytest.fixture
def settings() -> LoyaltySettings:
    """1 point per 10 EUR cents at the cinema `kanal`; elsewhere 1 per 20, and none for snacks."""
    return load({"loyalty": SECTION})


@pytest.fixture
def room(servers: Mesh, loyalty: Transactions, settings: LoyaltySettings) -> Iterator[Loyalty]:
    """The room without a broker: a test brings it the events."""
    with nameko.config.patch(servers.settings, clear=True):
        yield worker_factory(Loyalty, database=loyalty, settings=settings)


def order_event(event: Event, order_id: str, sequence: int, **fields: Any) -> Delivery:
    """An event of an order for seats of 1000 and 500 and snacks of 400 EUR cents, as a consumer gets it."""
    screening = {"screening_id": "s", "film_title": "Arrival", "cinema_id": "kanal", "cinema_name": "Kino am Kanal",
                 "hall_name": "Saal 1", "starts_at": utc_now().isoformat(), "time_zone": "Europe/Berlin"}
    snack = {"sku": "popcorn", "name": "Popcorn", "name_zh": None, "quantity": 1, "price": 400}
    body = {"order_id": order_id, "buyer_id": "ada", "status": event.type.partition(".")[2], "returned_seats": [],
            "seats": [{"seat_id": "A1", "price": 1000}, {"seat_id": "A2", "price": 500}], "snacks": [snack],
            "total": 1900, "refunded": 0, "currency": "EUR", "screening": screening, **fields}
    said = event.load({"event_id": f"{order_id}-{sequence}", "type": event.type, "version": 1, "about": order_id,
                       "occurred_at": utc_now().isoformat(), "sequence": sequence, "trace": {}, "body": body})
    return Delivery("loyalty", said["event_id"], order_id, sequence, said["occurred_at"], said["body"], tries=0)


def deliver(room: Loyalty, event: Event, delivery: Delivery) -> None:
    """Bring the room an event of an order."""
    consumer = {order.PAID: room.earn_points, order.PART_REFUNDED: room.take_back_for_seats,
                order.REFUNDING: room.take_back_for_order, order.REFUNDED: room.take_back_for_snacks,
                order.ADOPTED: room.earn_adopted_points}[event]
    consumer(delivery)


def balances(loyalty: Transactions) -> dict[str, tuple[int, int]]:
    """Balance and lifetime of each member."""
    return {row[0]: (row[1], row[2]) for row in loyalty.read(
        lambda tx: tx.exec_driver_sql("SELECT user_id, balance, lifetime FROM member").all())}


def entries(loyalty: Transactions) -> list[tuple[str, int, str]]:
    """Kind, points and reason of each entry, the first booked at the head."""
    return [tuple(row) for row in loyalty.read(lambda tx: tx.exec_driver_sql(
        "SELECT kind, points, reason FROM entry ORDER BY entry_id").all())]


MIDDAY = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
