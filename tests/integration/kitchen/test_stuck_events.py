"""Calls are answered while events are stuck."""

from pathlib import Path
from typing import Any

import nameko
import pytest
from nameko import serialization
from nameko.standalone.rpc import ClusterRpcClient

from schemas import order
from services.foundation.amqp import publishing
from services.foundation.database import Transactions
from services.foundation.events import topology
from testbed.mesh import Mesh, wait_until
from tests.integration.foundation.conftest import rooms, wait_for_room
from tests.integration.kitchen.conftest import paid, put_on_the_menu

pytestmark = pytest.mark.full_size("unit/foundation/test_event_concurrency.py")

STUCK = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'INSERT INTO inbox%%'"


@pytest.fixture
def caller(servers: Mesh, kitchen: Transactions, no_events: None, tmp_path: Path) -> Any:
    """Calls the kitchen room with a timeout of five seconds."""
    with nameko.config.patch(servers.settings, clear=True), rooms(servers, tmp_path) as run:
        serialization.setup()
        with ClusterRpcClient(timeout=5) as client:
            wait_for_room(client, "kitchen", run("services.kitchen.service"))
            yield client.kitchen


def publish_all_events(orders: int) -> None:
    for number in range(orders):
        for event in (order.CREATED, order.PAID, order.EXPIRED, order.CANCELLED):
            told = {**paid(f"order{number}"), "type": event.type, "event_id": f"{event.type.partition('.')[2]}{number}"}
            publishing.publish(told, exchange=topology.EXCHANGE, routing_key=event.type, mandatory=True,
                         delivery_mode=publishing.PERSISTENT, message_id=told["event_id"])


def test_the_menu_is_answered_while_all_events_are_stuck(kitchen: Transactions, caller: Any) -> None:
    put_on_the_menu(kitchen, popcorn=5)
    with kitchen.engine.connect() as rival, kitchen.engine.connect() as witness:
        rival.exec_driver_sql("LOCK TABLES inbox WRITE")
        publish_all_events(20)
        wait_until(lambda: witness.exec_driver_sql(STUCK).scalar_one() >= 10, what="the events to be stuck")
        assert [caller.get_menu(cinema_id="kanal")["snacks"][0]["left"] for _ in range(10)] == [5] * 10
        rival.exec_driver_sql("UNLOCK TABLES")
    with kitchen.engine.connect() as witness:
        taken_up = "SELECT COUNT(*) FROM ticket WHERE status = 'new'"
        wait_until(lambda: witness.exec_driver_sql(taken_up).scalar_one() == 20, 60, "the events to be dealt with")
