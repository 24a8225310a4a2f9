"""Each paid order is cooked once, however often it is told and whoever dies over it."""

import json
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nameko
import pytest

from operations.events import subscriptions_of
from operations.stock import stock_adds_up
from rehearsal.mesh import ROOT, Mesh, wait_until
from services.foundation import amqp, topology
from services.foundation.database import Transactions
from services.kitchen import store
from services.kitchen.service import Kitchen
from tests.integration.kitchen.conftest import START, paid, put_on_the_menu
from tests.integration.kitchen.test_stock import wanted

SEED = 20261121
ORDERS, LOST, SPARE = 1000, 100, 40  # of a thousand orders a hundred have lost their reservation; forty more are there
QUICK = {"pauses": [0.1, 0.3], "tries": 20, "at_once": 5, "handler_seconds": 20, "poll_seconds": 0.2, "kept_days": 30}


@pytest.fixture
def settings(servers: Mesh) -> Iterator[dict[str, Any]]:
    with nameko.config.patch(servers.settings, clear=True):
        topology.declare(subscriptions_of(Kitchen))
        yield servers.settings


def publish_one_to_three_times() -> int:
    dice = random.Random(SEED)
    events = [event for number in range(ORDERS) for event in [paid(f"order{number}")] * dice.randint(1, 3)]
    dice.shuffle(events)
    for event in events:
        amqp.send(json.dumps(event).encode(), content_type="application/json", content_encoding="utf-8",
                  exchange=topology.EXCHANGE, routing_key="order.paid", mandatory=True, delivery_mode=amqp.PERSISTENT,
                  message_id=event["event_id"])
    return len(events)


@pytest.fixture
def dying_kitchens(servers: Mesh, settings: dict[str, Any], tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Two processes that die and are started again, as the supervisor does; the number of deaths so far."""
    command = [sys.executable, "-W", "ignore", str(Path(sys.executable).with_name("nameko")), "run", "--config",
               "config.yml", "--define", f"events={json.dumps(QUICK)}",
               "--define", "kitchen={minutes_before_start: 10, sweep_seconds: 5, dies_after: 250}",
               "tests.integration.kitchen.dying_kitchen"]
    over, deaths = threading.Event(), Counter[int]()

    def keep(number: int) -> None:
        with (tmp_path / f"kitchen{number}.log").open("ab") as log:
            while not over.is_set():
                process = subprocess.Popen(command, cwd=ROOT, env=servers.environment, stdout=log, stderr=log)
                while process.poll() is None and not over.wait(0.05):
                    pass
                deaths[number] += process.poll() is not None
                process.kill()
                process.wait()

    keepers = [threading.Thread(target=keep, args=(number,)) for number in range(2)]
    for keeper in keepers:
        keeper.start()
    yield lambda: sum(deaths.values())
    over.set()
    for keeper in keepers:
        keeper.join()


def test_a_thousand_paid_orders_are_a_thousand_tickets(kitchen: Transactions, settings: dict[str, Any],
                                                       dying_kitchens: Callable[[], int]) -> None:
    put_on_the_menu(kitchen, popcorn=ORDERS - LOST + SPARE)
    for start in range(0, ORDERS - LOST, 100):
        kitchen.run(lambda tx, s=start: [  # type: ignore[misc]
            store.reserve(tx, wanted(f"order{number}", popcorn=1)) for number in range(s, s + 100)])

    assert publish_one_to_three_times() > ORDERS * 1.5

    def tickets() -> list[dict[str, Any]]:
        with kitchen.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT * FROM ticket WHERE status = 'new'").mappings()
            return [dict(row) for row in rows]

    def waiting() -> int:
        with amqp.producer() as producer, producer.connection.channel() as channel:
            return int(channel.queue_declare("order.paid:kitchen.take_up", passive=True).message_count)

    wait_until(lambda: len(tickets()) == ORDERS and not waiting(), 120, "a thousand tickets")
    made = tickets()
    assert dying_kitchens() >= 2
    assert {ticket["version"] for ticket in made} == {2}
    assert len({ticket["waiting_code"] for ticket in made}) == ORDERS
    assert {ticket["needed_at"] for ticket in made} == {START.replace(hour=19, minute=50, tzinfo=None)}
    with kitchen.engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT COUNT(*) FROM outbox WHERE type = 'kitchen.step'").scalar_one()
        missing = connection.exec_driver_sql("SELECT SUM(quantity - taken) FROM ticket_line").scalar_one()
    assert (told, missing) == (ORDERS, LOST - SPARE)
    assert kitchen.read(stock_adds_up) == []
