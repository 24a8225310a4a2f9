"""The payment room on servers without a mesh: money for orders that nobody made would breach its invariants."""

import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nameko
import pytest
from nameko.testing.services import worker_factory

from services.foundation import migrate
from services.foundation.database import Transactions, make_engine, utc_now
from services.foundation.ids import new_id
from services.foundation.rpc.calls import Principal
from services.payment.service import Payment
from testbed.mesh import ROOT, Mesh
from tests.in_turn import InTurn
from tests.integration.payment.bank import Bank

StartRoom = Callable[..., "subprocess.Popen[bytes]"]
Start = Callable[..., dict[str, Any]]
Choose = Callable[..., dict[str, Any]]
NAMEKO = str(Path(sys.executable).with_name("nameko"))


@pytest.fixture(autouse=True)
def settings(servers: Mesh) -> Iterator[None]:
    with nameko.config.patch(servers.settings, clear=True):
        yield


@pytest.fixture(scope="session")
def database(servers: Mesh) -> Iterator[Transactions]:
    with nameko.config.patch(servers.settings, clear=True):
        migrate.upgrade("payment")
        engine = make_engine(servers.settings["DB_URIS"]["payment:Base"])
    yield Transactions(engine)
    engine.dispose()


@pytest.fixture
def room(database: Transactions) -> Any:
    """The payment room's class on the real database, called as by another room."""
    return worker_factory(Payment, principal=Principal(), database=database, at_once=InTurn())


@pytest.fixture
def order_id() -> str:
    return new_id()


@pytest.fixture
def bank(database: Transactions, order_id: str) -> Bank:
    """What the sandbox's bank knows of the order."""
    return Bank(database, order_id)


@pytest.fixture
def start_room(servers: Mesh, database: Transactions, tmp_path: Path) -> Iterator[StartRoom]:
    """Starts one more process of the room; `changes` are lines of config.yml, what stands there and what shall."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*changes: tuple[str, str], **environment: str) -> "subprocess.Popen[bytes]":
        settings = (ROOT / "config.yml").read_text()
        for before, after in changes:
            assert settings.count(before) == 1, before
            settings = settings.replace(before, after)
        (config := tmp_path / f"config-{len(running)}.yml").write_text(settings)
        command = [sys.executable, "-W", "ignore", NAMEKO, "run", "--config", str(config),
                   "services.payment.service:Payment"]
        with (tmp_path / f"payment-{len(running)}.log").open("wb") as log:
            running.append(subprocess.Popen(command, cwd=ROOT, env={**servers.environment, **environment}, stdout=log,
                                            stderr=log))
        return running[-1]

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(20)


# --- buyers at the provider's page ---


@pytest.fixture
def start(room: Any, order_id: str) -> Start:
    """Begin to pay the order."""
    def begin(**other: Any) -> dict[str, Any]:
        later = (utc_now() + dt.timedelta(minutes=15)).isoformat()
        fields = {"amount": 1200, "currency": "EUR", "method": "card", "return_url": "/order/1", "expires_at": later}
        return dict(room.start(order_id=order_id, **{**fields, **other}))

    return begin


@pytest.fixture
def choose(room: Any) -> Choose:
    """What the buyer does at the sandbox's page."""
    def answer(begun: dict[str, Any], choice: str, code: str = "") -> dict[str, Any]:
        return dict(room.answer_page(payment_id=begun["payment_id"], language="en", choice=choice, code=code))

    return answer


@pytest.fixture
def told(room: Any, database: Transactions, bank: Bank) -> Callable[[], None]:
    """The room has heard and looked into all the provider has to say."""
    def hear() -> None:
        for message in bank.webhooks():
            room.receive_webhook(**message)
        room.look_into_webhooks()

    return hear
