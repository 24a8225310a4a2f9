"""The kitchen loses its connection to MariaDB during a COMMIT: its caller gets an answer, the effect comes once."""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import nameko
import pytest
from nameko import serialization
from nameko.standalone.rpc import ClusterRpcClient
from sqlalchemy import Engine, insert, select

from operations.checks.stock import stock_adds_up
from schemas.kitchen import STEP
from services.foundation.database import Transactions, utc_now
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.kitchen.models import KEYS, OUTBOX, Base
from testbed.mesh import Mesh, wait_until
from tests.drivers.lost_answers import Line
from tests.drivers.relay import Relay
from tests.drivers.room_tables import emptied
from tests.integration.foundation.conftest import rooms, wait_for_room
from tests.integration.kitchen.conftest import empty_queues, put_on_the_menu
from tests.integration.kitchen.reservations import snacks_left


@dataclass
class FarKitchen:
    """The kitchen room, and the line between it and MariaDB."""

    calls: Any = None
    line: Line = field(default_factory=lambda: Line(b"COMMIT", "nothing"))


@pytest.fixture(scope="module")
def room(servers: Mesh, kitchen_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarKitchen]:
    """A kitchen that nothing but the test makes commit."""
    far, kitchen = FarKitchen(), emptied(kitchen_engine, Base.metadata)
    wire = Relay(int(servers.environment["MARQUEE_DB_PORT"]), on_request=lambda piece: far.line.on_request(piece),
                 on_reply=lambda piece: far.line.on_reply(piece))
    empty_queues(servers)
    quiet = {"kitchen": {"minutes_before_start": 10, "begin_minutes": 1440, "undo_seconds": 10, "sweep_seconds": 3600},
             "events": {**servers.settings["events"], "poll_seconds": 3600}}
    options = [part for name, value in quiet.items() for part in ("--define", f"{name}={json.dumps(value)}")]
    folder = tmp_path_factory.mktemp("far")
    with closing(wire), nameko.config.patch(servers.settings, clear=True), rooms(servers, folder) as run:
        serialization.setup()
        kitchen.run(add_work)
        with ClusterRpcClient(timeout=20) as client:
            wait_for_room(client, "kitchen", run("services.kitchen.service", *options, MARQUEE_DB_PORT=wire.port))
            wait_until(lambda: kitchen.read(is_work_done), seconds=60, what="its first round")
            far.calls = client.kitchen
            yield far


@pytest.fixture(params=["request", "reply"])
def line(request: pytest.FixtureRequest, room: FarKitchen, kitchen: Transactions) -> Line:
    """A connection that, once armed, loses a COMMIT on its way, or the answer to it."""
    room.line = Line(b"COMMIT", request.param)
    return room.line


@pytest.fixture
def far_kitchen(room: FarKitchen, line: Line) -> Any:
    """The kitchen at the other end of the line."""
    return room.calls


def is_published(tx: Any) -> bool:
    """Whether every event is, so that no other COMMIT is to come than that of the next call."""
    return not tx.execute(select(OUTBOX).where(OUTBOX.c.published_at.is_(None))).first()


def add_work(tx: Any) -> None:
    """An event to publish, and an answer to forget."""
    outbox.write(tx, OUTBOX, STEP, about="o", sequence=1, body={
        "order_id": "o", "status": "released", "pick_up_code": None, "needed_at": None})
    tx.execute(insert(KEYS), {"principal": "p", "method": "m", "idempotency_key": "k", "request_digest": "d",
                              "reply": b"", "answered_at": utc_now() - dt.timedelta(days=365)})


def is_work_done(tx: Any) -> bool:
    return not tx.execute(select(KEYS)).first() and is_published(tx)  # unlocked: the relay passes by what we hold


def wanted() -> dict[str, Any]:
    return {"order_id": new_id(), "cinema_id": "kanal", "currency": "EUR", "purchase": "p",
            "snacks": [{"sku": "popcorn", "quantity": 2}],
            "until": (utc_now() + dt.timedelta(minutes=8)).isoformat()}


def test_snacks_are_reserved_once_and_given_up_once(far_kitchen: Any, kitchen: Transactions, line: Line) -> None:
    put_on_the_menu(kitchen, popcorn=5)
    request = wanted()
    line.armed = True
    assert far_kitchen.reserve(**request)["snacks"][0]["quantity"] == 2
    assert line.broken
    assert snacks_left(kitchen) == {"popcorn": 3}

    assert far_kitchen.give_up(order_id=request["order_id"]) == {"in_time": True}
    assert snacks_left(kitchen) == {"popcorn": 5}
    assert kitchen.read(stock_adds_up) == []


@pytest.mark.parametrize("what", ["give_up", "release"])
def test_snacks_given_back_are_back_once(far_kitchen: Any, kitchen: Transactions, line: Line, what: str) -> None:
    put_on_the_menu(kitchen, popcorn=5)
    request = wanted()
    far_kitchen.reserve(**request)
    wait_until(lambda: kitchen.read(is_published), what="its events to be published")
    line.armed = True
    getattr(far_kitchen, what)(order_id=request["order_id"])
    assert line.broken
    assert snacks_left(kitchen) == {"popcorn": 5}
    assert kitchen.read(stock_adds_up) == []


def test_the_menu_is_read_again(far_kitchen: Any, kitchen: Transactions, line: Line) -> None:
    put_on_the_menu(kitchen, popcorn=5)
    line.armed = True
    assert far_kitchen.get_menu(cinema_id="kanal")["snacks"][0]["left"] == 5
    assert line.broken
