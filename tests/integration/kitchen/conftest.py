import datetime as dt
from collections.abc import Iterator
from typing import Any

import nameko
import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import Engine, insert

from operations.event_commands import subscriptions_of
from schemas import order
from services.foundation.amqp import publishing
from services.foundation.database import Transactions, utc_now
from services.foundation.events import topology
from services.foundation.events.consumers import Delivery
from services.foundation.rpc.calls import Principal
from services.kitchen.models import Base
from services.kitchen.service import Kitchen
from services.kitchen.settings import KitchenSettings
from testbed.mesh import Mesh
from tests.drivers.room_tables import emptied, migrated
from tests.drivers.snack_orders import let_reservations_end

SAM = Principal(user_id="sam", username="Sam", roles=("manager@kanal",))
MINUTE = dt.timedelta(minutes=1)
START = dt.datetime(2030, 1, 1, 20, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def kitchen_engine(servers: Mesh) -> Iterator[Engine]:
    """The kitchen room's schema, as its migrations make it."""
    with migrated(servers, "kitchen") as engine:
        yield engine


@pytest.fixture
def kitchen(kitchen_engine: Engine) -> Transactions:
    """Its tables, empty."""
    return emptied(kitchen_engine, Base.metadata)


@pytest.fixture
def no_events(servers: Mesh) -> None:
    """No event of another test waits in the kitchen's queues, nor for another try."""
    empty_queues(servers)


@pytest.fixture
def event_settings(servers: Mesh) -> Iterator[None]:
    """What consumers have to know."""
    with nameko.config.patch(servers.settings, clear=True):
        yield


def empty_queues(servers: Mesh) -> None:
    with nameko.config.patch(servers.settings, clear=True):
        topology.declare(subscriptions_of(Kitchen))
        queues = [each.queue for each in subscriptions_of(Kitchen)]
        queues += [topology.retry_queue(pause)[1] for pause in servers.settings["events"]["pauses"]]
        publishing.run_on_channel(lambda channel: [queue(channel).purge() for queue in queues])


def room_of(kitchen: Transactions, undo: dt.timedelta = MINUTE / 6, cook: Principal = SAM) -> Any:
    """The room on these tables, called by this cook."""
    settings = KitchenSettings(before_start=10 * MINUTE, begin=120 * MINUTE, undo=undo, sweep_seconds=5)
    return worker_factory(Kitchen, database=kitchen, principal=cook, settings=settings)


def put_on_the_menu(kitchen: Transactions, **stock: int) -> None:
    """Snacks at 500 EUR cents in the cinema `kanal`, with this stock of each."""
    kitchen.run(lambda tx: tx.execute(insert(Base.metadata.tables["snack"]), [
        {"cinema_id": "kanal", "sku": sku, "name": sku.title(), "name_zh": None, "category": "snack", "price": 500,
         "currency": "EUR", "place": 0, "available": left, "supplied": left} for sku, left in stock.items()]))


def paid(order_id: str, starts_at: dt.datetime = START) -> dict[str, Any]:
    """order.paid as the order room publishes it: for one popcorn."""
    screening = {"screening_id": "s", "film_title": "Arrival", "cinema_id": "kanal", "cinema_name": "Kino am Kanal",
                 "hall_name": "Saal 1", "starts_at": starts_at.isoformat()}
    snack = {"sku": "popcorn", "name": "Popcorn", "name_zh": None, "quantity": 1, "price": 500}
    body = {"order_id": order_id, "buyer_id": "ada", "status": "paid", "seats": [], "returned_seats": [], "total": 500,
            "refunded": 0, "currency": "EUR", "screening": screening, "snacks": [snack], "reason": None, "refund": None}
    return {"event_id": f"event-{order_id}", "type": "order.paid", "version": 1, "occurred_at": utc_now().isoformat(),
            "about": order_id, "sequence": 3, "trace": {}, "body": body}


def heard(order_id: str) -> Delivery:
    """That event as the kitchen gets it."""
    said = order.PAID.load(paid(order_id))
    return Delivery("take_up", said["event_id"], order_id, said["sequence"], said["occurred_at"], said["body"], tries=0)


# --- for tests on a whole mesh ---


@pytest.fixture(scope="module")
def screening(mesh: Mesh) -> str:
    return mesh.fresh_screening(320)


@pytest.fixture(scope="module")
def cinema(mesh: Mesh, screening: str) -> str:
    """Its cinema; what other tests left unpaid there has ended, and so no snack comes back by itself."""
    hall = mesh.get("/film/get_hall_info", screening_id=screening).json()
    cinema = str(hall["screening"]["cinema"]["cinema_id"])
    let_reservations_end(mesh, cinema)
    return cinema


@pytest.fixture
def seats(mesh: Mesh, screening: str) -> list[str]:
    taken = {row.seat_id for row in mesh.rows("order", "SELECT seat_id FROM seat_claim WHERE screening_id = :s",
                                              s=screening)}  # which the map may learn a moment later
    return [seat for seat, state in mesh.seats(screening).items() if state == "free" and seat not in taken]


@pytest.fixture(scope="module")
def staff(mesh: Mesh) -> str:
    return mesh.staff()
