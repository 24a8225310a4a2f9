"""Several processes of the payment room, called over RabbitMQ in parallel, and killed."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command

from schemas.payment import PaymentClosed
from services.foundation import migrate
from services.foundation.database import Transactions
from services.foundation.ids import new_id
from testbed.mesh import wait_until
from tests.drivers.processes import Process
from tests.drivers.sandbox_bank import Bank
from tests.integration.payment.conftest import StartRoom
from tests.integration.payment.remote_calls import ask

at_full_size = pytest.mark.full_size(
    "integration/payment/test_processes.py", "integration/payment/test_crashes_and_late_money.py")

EUR_12 = {"amount": 1200, "currency": "EUR", "method": "sandbox"}


@pytest.fixture
def rooms(start_room: StartRoom) -> list[Process]:
    running = [start_room(), start_room()]
    wait_until(lambda: ask("get_status", order_id="none"), 30, "the rooms")
    return running


@pytest.mark.full_size("integration/payment/test_checkout_page.py",
                       "integration/payment/test_crashes_and_late_money.py")
def test_twenty_charges_at_once_take_the_money_once(rooms: list[Process], order_id: str, bank: Bank) -> None:
    with ThreadPoolExecutor(20) as tellers:
        answers = list(tellers.map(lambda _: ask("charge", order_id=order_id, **EUR_12), range(20)))

    assert {answer["status"] for answer in answers} == {"captured"}
    assert len({answer["payment_id"] for answer in answers}) == 1
    assert (bank.taken, bank.charges) == (1200, 1)


@at_full_size
def test_simultaneous_charge_and_close_return_the_same(rooms: list[Process], database: Transactions) -> None:
    orders = [new_id() for _ in range(12)]

    def charge(order_id: str) -> int:
        try:
            return int(ask("charge", order_id=order_id, **EUR_12)["captured"])
        except PaymentClosed:
            return 0

    def close(order_id: str) -> int:
        return int(ask("close", order_id=order_id)["captured"])

    with ThreadPoolExecutor(8) as tellers:
        told = [(tellers.submit(charge, order), tellers.submit(close, order)) for order in orders]
    outcomes = [(charged.result(), closed.result()) for charged, closed in told]
    taken = [Bank(database, order).taken for order in orders]

    assert outcomes == list(zip(taken, taken, strict=True))


@at_full_size
def test_a_repeatedly_killed_room_charges_every_order_once(
        rooms: list[Process], start_room: StartRoom, database: Transactions) -> None:
    captured: dict[str, int] = {}

    def kill_one_after_the_other() -> None:
        for _ in range(3):
            time.sleep(1.2)
            rooms.pop(0).kill()
            rooms.append(start_room())

    killer = threading.Thread(target=kill_one_after_the_other)

    def charge_meanwhile() -> None:
        while killer.is_alive():
            order = new_id()
            captured[order] = ask("charge", order_id=order, **EUR_12)["captured"]

    killer.start()
    with ThreadPoolExecutor(4) as tellers:
        told = [tellers.submit(charge_meanwhile) for _ in range(4)]
    killer.join()

    assert [teller.exception() for teller in told] == [None] * 4
    assert set(captured.values()) == {1200}
    assert {(bank.taken, bank.charges) for bank in (Bank(database, order) for order in captured)} == {(1200, 1)}


def test_the_tables_match_the_models(database: Transactions) -> None:
    command.check(migrate.alembic_config("payment"))
