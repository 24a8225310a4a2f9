"""Each paid order gets one ticket, however often its event comes and whichever process dies over it."""

import json
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import nameko
import pytest

from operations.checks.stock import stock_adds_up
from operations.event_commands import subscriptions_of
from services.foundation.amqp import publishing
from services.foundation.database import Transactions
from services.foundation.events import inbox, topology
from services.kitchen import reservations, rules
from services.kitchen.service import Kitchen
from testbed.mesh import ROOT, Mesh, wait_until
from tests.drivers.dying_consumers import Dying, bring
from tests.integration.kitchen.conftest import START, heard, paid, put_on_the_menu, room_of
from tests.integration.kitchen.reservations import snacks_left, wanted
from tests.sizes import Size

SEED = 20261121
CONTROL_ORDERS = 60
FEW, AT_ONCE = 30, 8
QUICK: dict[str, Any] = {"pauses": [0.1, 0.3], "tries": 20, "at_once": 5, "handler_seconds": 20, "poll_seconds": 0.2,
                         "kept_days": 30}
QUEUE = "order.paid:kitchen.take_up"


@pytest.fixture
def settings(servers: Mesh, no_events: None) -> Iterator[dict[str, Any]]:
    quick = {**servers.settings, "events": {**servers.settings["events"], **QUICK}}
    with nameko.config.patch(quick, clear=True):
        topology.declare(subscriptions_of(Kitchen))
        yield servers.settings


def publish_one_to_three_times(orders: int) -> int:
    dice = random.Random(SEED)
    events = [event for number in range(orders) for event in [paid(f"order{number}")] * dice.randint(1, 3)]
    dice.shuffle(events)
    for event in events:
        publishing.send(json.dumps(event).encode(), content_type="application/json", content_encoding="utf-8",
                  exchange=topology.EXCHANGE, routing_key="order.paid", mandatory=True,
                  delivery_mode=publishing.PERSISTENT,
                  message_id=event["event_id"])
    return len(events)


class DyingKitchens:
    """Two processes that die and are started again, as the supervisor does."""

    def __init__(self, environment: dict[str, str], folder: Path, **changes: Any) -> None:
        section = {"minutes_before_start": 10, "begin_minutes": 1440, "undo_seconds": 10, "sweep_seconds": 5,
                   "dies_after": 50, **changes}
        self._command = [
            sys.executable, "-W", "ignore", str(Path(sys.executable).with_name("nameko")), "run", "--config",
            "config.yml", "--define", f"events={json.dumps(QUICK)}", "--define", f"kitchen={json.dumps(section)}",
            "tests.integration.kitchen.dying_kitchen"]
        self._environment, self._folder = environment, folder
        self._over, self._deaths = threading.Event(), Counter[int]()
        self._keepers: list[threading.Thread] = []

    @property
    def deaths(self) -> int:
        """How often one of them was killed."""
        return sum(self._deaths.values())

    def start(self) -> "DyingKitchens":
        self._over.clear()
        self._keepers = [threading.Thread(target=self._keep, args=(number,)) for number in range(2)]
        for keeper in self._keepers:
            keeper.start()
        return self

    def stop(self) -> None:
        """They finish the events in hand, unless they die over them."""
        self._over.set()
        for keeper in self._keepers:
            keeper.join()

    def _keep(self, number: int) -> None:
        with (self._folder / f"kitchen{number}.log").open("ab") as log:
            while not self._over.is_set():
                process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
                while process.poll() is None and not self._over.wait(0.05):
                    pass
                process.terminate()
                try:
                    self._deaths[number] += process.wait(30) == -signal.SIGKILL
                except subprocess.TimeoutExpired:  # as the supervisor does
                    process.kill()
                    process.wait(30)

    def finish(self) -> None:
        """Wait until no copy of any event is left, and stop."""
        while True:
            wait_until(lambda: not waiting(), 240, "all events to be dealt with")
            self.stop()
            wait_until(lambda: not ask_for(QUEUE).consumer_count, 60, "the broker to notice")
            if not waiting():
                return
            self.start()


def waiting() -> int:
    return sum(ask_for(name).message_count for name in (QUEUE, *(f"events.wait.{p:g}s" for p in QUICK["pauses"])))


def ask_for(queue: str) -> Any:
    return publishing.run_on_channel(lambda channel: channel.queue_declare(queue, passive=True))


@pytest.fixture
def kitchens(servers: Mesh, settings: dict[str, Any], tmp_path: Path) -> Iterator[Callable[..., DyingKitchens]]:
    """Starts two processes that die; keyword arguments change their section of config.yml."""
    started: list[DyingKitchens] = []

    def start(**changes: Any) -> DyingKitchens:
        started.append(DyingKitchens(servers.environment, tmp_path, **changes).start())
        return started[-1]

    yield start
    for each in started:
        each.stop()


def tickets(kitchen: Transactions) -> list[dict[str, Any]]:
    with kitchen.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM ticket WHERE status = 'new'").mappings()
        return [dict(row) for row in rows]


def tell_one_to_three_times(kitchen: Transactions, seed: int) -> int:
    """Tell one process of few orders, in any order, with consumers that die over it; how many have died."""
    put_on_the_menu(kitchen, popcorn=FEW)
    kitchen.run(lambda tx: [reservations.reserve(tx, wanted(f"order{number}", popcorn=1)) for number in range(FEW)])
    room, dice = room_of(Dying(kitchen.engine)), random.Random(seed)
    told = [heard(f"order{number}") for number in range(FEW) for _ in range(dice.randint(1, 3))]
    dice.shuffle(told)
    with ThreadPoolExecutor(AT_ONCE) as consumers:
        return sum(consumers.map(lambda delivery: bring(partial(room.take_up, delivery)), told))


@pytest.mark.usefixtures("event_settings")
def test_few_paid_orders_get_one_ticket_each(kitchen: Transactions, seed: int) -> None:
    assert tell_one_to_three_times(kitchen, seed) > 0
    assert len(tickets(kitchen)) == len({ticket["waiting_code"] for ticket in tickets(kitchen)}) == FEW
    assert {ticket["version"] for ticket in tickets(kitchen)} == {2}
    assert snacks_left(kitchen) == {"popcorn": 0}
    assert kitchen.read(stock_adds_up) == []


@pytest.mark.usefixtures("event_settings")
def test_few_orders_are_taken_up_more_than_once_without_inbox_and_transitions(
        kitchen: Transactions, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(inbox, "first_time", lambda tx, table, delivery: True)
    monkeypatch.setitem(rules.TRANSITIONS, "new", rules.TRANSITIONS["new"] | {"new"})
    tell_one_to_three_times(kitchen, seed)
    assert max(ticket["version"] for ticket in tickets(kitchen)) > 2


@pytest.mark.full_size("integration/kitchen/test_paid_orders.py", "integration/foundation/test_events.py")
def test_each_paid_order_gets_one_ticket(kitchen: Transactions, kitchens: Callable[..., DyingKitchens],
                                         size: Size) -> None:
    """A tenth of the orders have lost their reservation; for some of these there is popcorn all the same."""
    orders = size.messages
    lost, spare = orders // 10, orders // 25
    put_on_the_menu(kitchen, popcorn=orders - lost + spare)
    for start in range(0, orders - lost, 90):
        kitchen.run(lambda tx, s=start: [  # type: ignore[misc]
            reservations.reserve(tx, wanted(f"order{number}", popcorn=1)) for number in range(s, s + 90)])
    dying = kitchens(dies_after=orders // 4)

    assert publish_one_to_three_times(orders) > orders * 1.5

    dying.finish()
    made = tickets(kitchen)
    assert dying.deaths >= 2
    assert len(made) == orders
    assert {ticket["version"] for ticket in made} == {2}
    assert len({ticket["waiting_code"] for ticket in made}) == orders
    assert {ticket["needed_at"] for ticket in made} == {START.replace(hour=19, minute=50, tzinfo=None)}
    with kitchen.engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT COUNT(*) FROM outbox WHERE type = 'kitchen.step'").scalar_one()
        missing = connection.exec_driver_sql("SELECT SUM(quantity - taken) FROM ticket_line").scalar_one()
    assert (told, missing) == (orders, lost - spare)
    assert kitchen.read(stock_adds_up) == []


@pytest.mark.full_size("integration/kitchen/test_paid_orders.py", "integration/foundation/test_events.py")
def test_orders_are_taken_up_more_than_once_without_inbox_and_transitions(
    kitchen: Transactions, kitchens: Callable[..., DyingKitchens],
) -> None:
    """The negative control: as many copies of each event, and processes that die as often."""
    put_on_the_menu(kitchen, popcorn=CONTROL_ORDERS)
    dying = kitchens(without_guards=True, dies_after=30)

    assert publish_one_to_three_times(CONTROL_ORDERS) > CONTROL_ORDERS * 1.5

    dying.finish()
    assert dying.deaths >= 2
    assert max(ticket["version"] for ticket in tickets(kitchen)) > 2
