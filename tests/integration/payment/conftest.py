"""The payment room on servers without a mesh: payments of orders that do not exist would breach its invariants."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nameko
import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import text

from services.foundation.database import Transactions
from services.foundation.ids import new_id
from services.foundation.rpc.calls import Principal
from services.payment.models import Base
from services.payment.reconciling.review import Review
from services.payment.service import Payment
from services.payment.settings import load
from testbed.mesh import ROOT, Mesh
from tests.drivers.checkout_page import begin_to_pay
from tests.drivers.processes import Process
from tests.drivers.room_tables import migrated
from tests.drivers.sandbox_bank import Bank
from tests.drivers.sequential_job_pool import SequentialJobPool
from tests.drivers.stripe_server import KEY, Stripe, running_stripe

StartRoom = Callable[..., Process]
Start = Callable[..., dict[str, Any]]
Choose = Callable[..., dict[str, Any]]
Change = Callable[..., None]


@pytest.fixture(autouse=True)
def settings(servers: Mesh) -> Iterator[None]:
    with nameko.config.patch(servers.settings, clear=True):
        yield


@pytest.fixture(scope="session")
def database(servers: Mesh) -> Iterator[Transactions]:
    with migrated(servers, "payment") as engine:
        yield Transactions(engine)


@pytest.fixture
def empty_books(database: Transactions) -> None:
    """No payments of other tests, which would be differences and cases here."""
    database.run(lambda tx: [tx.execute(table.delete()) for table in reversed(Base.metadata.sorted_tables)])


@pytest.fixture
def change(database: Transactions) -> Change:
    """Changes a table as no code of the room does."""
    def execute(query: str, **values: Any) -> None:
        database.run(lambda tx: tx.execute(text(query), values))

    return execute


@pytest.fixture
def open_room(database: Transactions) -> Callable[[], Any]:
    """Makes the payment room's class on the real database, with the settings of that moment."""
    return lambda: worker_factory(Payment, principal=Principal(), database=database, jobs=SequentialJobPool(),
                                  settings=load(nameko.config))


@pytest.fixture
def room(open_room: Callable[[], Any]) -> Any:
    """The payment room, called as by another room."""
    return open_room()


@pytest.fixture
def review(room: Any) -> Review:
    """The cases that a person has to decide."""
    return Review(room.payments)


@pytest.fixture
def order_id() -> str:
    return new_id()


@pytest.fixture
def bank(database: Transactions, order_id: str) -> Bank:
    """The sandbox's records of the order."""
    return Bank(database, order_id)


@pytest.fixture
def start_room(servers: Mesh, database: Transactions, tmp_path: Path) -> Iterator[StartRoom]:
    """Starts one more process of the room; `changes` are pairs of a text in config.yml and its replacement."""
    running: list[Process] = []

    def start(*changes: tuple[str, str], **environment: str) -> Process:
        settings = (ROOT / "config.yml").read_text()
        for before, after in changes:
            assert settings.count(before) == 1, before
            settings = settings.replace(before, after)
        (config := tmp_path / f"config-{len(running)}.yml").write_text(settings)
        running.append(Process(["--config", str(config)], "services.payment.service:Payment",
                               {**servers.environment, **environment}, tmp_path / f"payment-{len(running)}.log"))
        return running[-1].start()

    yield start
    for process in running:
        process.signal(signal.SIGTERM)
    for process in running:
        process.exit_code(60)


# --- buyers at the provider's page ---


@pytest.fixture
def start(room: Any, order_id: str) -> Start:
    """Begin to pay the order."""
    return lambda **other: begin_to_pay(room, order_id, **other)


@pytest.fixture
def choose(room: Any) -> Choose:
    """The buyer's choice at the sandbox's page."""
    def answer(begun: dict[str, Any], choice: str, code: str = "") -> dict[str, Any]:
        return dict(room.answer_page(payment_id=begun["payment_id"], language="en", choice=choice, code=code))

    return answer


@pytest.fixture
def told(room: Any, database: Transactions, bank: Bank) -> Callable[[], None]:
    """The room receives and processes all webhooks of the provider."""
    def hear() -> None:
        for message in bank.webhooks():
            room.receive_webhook(**message)
        room.process_webhooks()

    return hear


# --- Stripe ---


@contextmanager
def stripe_as_provider(*secrets: str) -> Iterator[Stripe]:
    """A server like Stripe's that takes the payments; `secrets` are those that its webhooks may be signed with."""
    with running_stripe() as running:
        stripe = {"secret_key": KEY, "webhook_secrets": ", ".join(secrets), "api": running.url}
        with nameko.config.patch({"payment": {**nameko.config["payment"], "provider": "stripe", "stripe": stripe}}):
            yield running


@pytest.fixture
def server() -> Iterator[Stripe]:
    with stripe_as_provider("whsec_1") as running:
        yield running


@pytest.fixture
def paid(room: Any, server: Stripe, start: Start) -> str:
    """A payment that a buyer made at Stripe, and that the room has captured."""
    payment_id = str(start()["payment_id"])
    server.pay(server.session_of(payment_id))
    room.payments.sync_with_provider(payment_id)
    return payment_id
