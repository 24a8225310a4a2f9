"""Orders are paid and refunded while the processes of both rooms are killed: everybody has what the ledger says."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import nameko
import pytest
from nameko import serialization
from nameko.exceptions import RpcTimeout, UnknownService
from nameko.standalone.rpc import ClusterRpcClient

from operations.checks.wallet import books_add_up
from operations.event_commands import subscriptions_of
from schemas.base import Event
from services.foundation.amqp import publishing
from services.foundation.database import Transactions
from services.foundation.events import topology
from services.foundation.events.consumers import Delivery
from services.loyalty import store
from services.loyalty.service import Loyalty
from services.wallet.models import Base as WalletBase
from services.wallet.service import Wallet
from testbed.mesh import Mesh, wait_until
from tests.drivers.processes import Process, kept_running
from tests.drivers.room_tables import emptied, migrated
from tests.integration.loyalty.conftest import balances
from tests.integration.loyalty.crowds import Crowd, crowd
from tests.unit.loyalty.samples import SECTION

ROOMS = "tests.integration.loyalty.mortal_rooms"
STEPS = 5          # of mortal_rooms, at each of which a process dies
AT_ONCE = 4
ORDERS, DEATH_EVERY = 1_000, 400    # and as many check-ins; a process dies when it has done a step so often
CONTROL_ORDERS, CONTROL_CHECK_INS = 20, 20
# As in config.yml, but in a hurry.
QUICK = {"pauses": [0.1, 0.3], "tries": 20, "at_once": 5, "handler_seconds": 20, "poll_seconds": 0.2, "kept_days": 30}
# By room and table, the keys without which an event or a refund has its effect again.
KEYS = {
    ("loyalty", "entry"): ("INDEX booked_once", "UNIQUE KEY booked_once (source_id, kind)"),
    ("wallet", "transfer"): ("INDEX once_a_source", "UNIQUE KEY once_a_source (source_type, source_id, kind)"),
    ("wallet", "inbox"): ("PRIMARY KEY", "PRIMARY KEY (consumer, event_id)")}
Play = Callable[..., None]


@pytest.fixture
def wallet(servers: Mesh) -> Iterator[Transactions]:
    """The wallet room's tables, empty."""
    with migrated(servers, "wallet") as engine:
        yield emptied(engine, WalletBase.metadata)


@pytest.fixture
def play(servers: Mesh, loyalty: Transactions, wallet: Transactions, tmp_path: Path) -> Iterator[Play]:
    """`play(crowd, dies_every)`: everything of a crowd happens to a process of each room; both are stopped then."""
    queues = [each for room in (Loyalty, Wallet) for each in subscriptions_of(room)]
    waiting = [each.queue_name for each in queues] + [topology.retry_queue(pause)[1].name for pause in QUICK["pauses"]]

    def run(made: Crowd, dies_every: int) -> None:
        wishes = {"events": QUICK, "loyalty": SECTION, "dies_every": dies_every}
        options = [part for name, value in wishes.items() for part in ("--define", f"{name}={json.dumps(value)}")]
        rooms = [Process(["--config", "config.yml", *options], f"{ROOMS}:{name}", servers.environment,
                         tmp_path / f"{name}.log") for name in ("Loyalty", "Wallet")]
        topology.declare(queues)
        with ThreadPoolExecutor(2 * AT_ONCE) as senders:
            list(senders.map(publish, made.events))
            sent = senders.map(credit, made.refunds)
            while servers.in_queues(*waiting):    # when they died over what was in their hands as they were stopped
                with kept_running(*rooms) as stop:
                    list(sent)
                    wait_until(lambda: not servers.in_queues(*waiting), 300, "every copy of each event")
                    stop()

    servers.redis.delete("passed", "deaths")
    with nameko.config.patch({**servers.settings, "events": QUICK}, clear=True):
        serialization.setup()
        yield run


def publish(told: tuple[Event, Delivery]) -> None:
    """As the relay of the room does that tells it."""
    event, delivery = told
    envelope = {"event_id": delivery.event_id, "type": event.type, "version": event.version, "about": delivery.about,
                "sequence": delivery.sequence, "occurred_at": delivery.occurred_at.isoformat(), "trace": {},
                "body": event.dump(delivery.body)}
    publishing.publish(envelope, exchange=topology.EXCHANGE, routing_key=event.type, mandatory=True,
                       delivery_mode=publishing.PERSISTENT, message_id=delivery.event_id)


def credit(refund: dict[str, Any]) -> None:
    """As the payment room does, which repeats the call until there is an answer."""
    deadline = time.monotonic() + 120
    while True:
        try:
            with ClusterRpcClient(timeout=1) as client:
                client.wallet.credit(**refund)
                return
        except (RpcTimeout, UnknownService):
            assert time.monotonic() < deadline, "nobody answered"
            time.sleep(0.1)


def points_and_money(loyalty: Transactions, wallet: Transactions) -> tuple[Counter[str], Counter[str]]:
    """What each member has of both; who has nothing counts as one who is not there."""
    accounts = wallet.read(lambda tx: tx.exec_driver_sql("SELECT user_id, posted FROM account").all())
    return (Counter({user_id: balance for user_id, (balance, _) in balances(loyalty).items()}),
            Counter(dict(tuple(row) for row in accounts)))


@pytest.mark.full_size("integration/loyalty/test_order_points.py", "integration/wallet/test_races.py",
                       "integration/foundation/test_events.py")
def test_all_members_have_their_points_and_money_though_both_rooms_are_killed(
        play: Play, servers: Mesh, loyalty: Transactions, wallet: Transactions, seed: int) -> None:
    expected = crowd(random.Random(seed), ORDERS, check_ins=ORDERS)

    play(expected, DEATH_EVERY)

    assert len(servers.redis.hgetall("deaths")) == STEPS
    assert points_and_money(loyalty, wallet) == (expected.points, expected.money)
    assert loyalty.read(store.differences) == []
    assert wallet.read(books_add_up) == []


@contextmanager
def without(database: Transactions, table: str, key: str, again: str) -> Iterator[None]:
    """The table without this key."""
    with database.engine.begin() as tx:
        tx.exec_driver_sql(f"ALTER TABLE {table} DROP {key}")
    yield
    with database.engine.begin() as tx:
        tx.exec_driver_sql(f"DELETE FROM {table}")
        tx.exec_driver_sql(f"ALTER TABLE {table} ADD {again}")


@pytest.fixture
def no_keys(loyalty: Transactions, wallet: Transactions) -> Iterator[None]:
    """A source may have its effect twice."""
    with ExitStack() as stack:
        for (room, table), (key, again) in KEYS.items():
            stack.enter_context(without({"loyalty": loyalty, "wallet": wallet}[room], table, key, again))
        yield


@pytest.mark.full_size("integration/foundation/test_events.py")
@pytest.mark.usefixtures("no_keys")
def test_members_have_too_much_of_both_without_the_keys(
        play: Play, loyalty: Transactions, wallet: Transactions, seed: int) -> None:
    """The negative control."""
    expected = crowd(random.Random(seed), CONTROL_ORDERS, check_ins=CONTROL_CHECK_INS)
    play(expected, dies_every=0)
    points, money = points_and_money(loyalty, wallet)
    assert points.total() > expected.points.total()
    assert money.total() > expected.money.total()
