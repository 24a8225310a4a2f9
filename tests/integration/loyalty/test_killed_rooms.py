"""Redeeming while the processes of both rooms are killed: nothing is lost or doubled."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nameko
import pytest

from operations.event_commands import subscriptions_of
from schemas import loyalty as contract
from schemas.errors import OutcomeUnknown, RoomSilent, RoomUnavailable
from services.foundation import migrate
from services.foundation.database import Transactions, utc_now
from services.foundation.events import topology
from services.foundation.rpc.standalone_client import StandaloneCaller
from services.loyalty import ledger
from services.loyalty.service import Loyalty
from services.wallet.service import Wallet
from testbed.mesh import Mesh, wait_until
from tests.drivers.processes import Process, kept_running
from tests.integration.loyalty.conftest import balances, entries

pytestmark = pytest.mark.full_size("integration/loyalty/test_redeeming.py", "integration/model/test_model.py")

ROOMS = "tests.integration.loyalty.dying_rooms"


@pytest.fixture
def stop_rooms(servers: Mesh, loyalty: Transactions, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """A process of each room, started again when it dies, as the supervisor does; stops both when called."""
    with nameko.config.patch(servers.settings, clear=True):
        migrate.upgrade("wallet")
        for table in ("entry", "transfer", "account", "inbox"):
            servers.rows("wallet", f"DELETE FROM {table}")
        servers.redis.delete("deaths")
        queues = [each for room in (Loyalty, Wallet) for each in subscriptions_of(room)]
        topology.declare(queues)
        servers.empty_queues(*(each.queue_name for each in queues))   # of events that tests before have published
        rooms = [Process(["--config", "config.yml"], f"{ROOMS}:{name}", servers.environment, tmp_path / f"{name}.log")
                 for name in ("Loyalty", "Wallet")]
        with kept_running(*rooms) as stop:
            yield stop


def redeem(points: int) -> Any:
    """Ask as the gateway does for a member who repeats the request under its key until there is an answer."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with StandaloneCaller({"user_id": "ada"}, idempotency_key="once").connected(3) as rooms:
                return rooms.call(contract.REDEEM, {"points": points})
        except (RoomSilent, RoomUnavailable, OutcomeUnknown):
            assert time.monotonic() < deadline, "nobody answered"
            time.sleep(0.1)


def test_a_redemption_in_which_both_rooms_are_killed_at_each_step_is_done_once(
        stop_rooms: Callable[[], None], loyalty: Transactions, servers: Mesh) -> None:
    loyalty.run(lambda tx: ledger.book(tx, "ada", "earned", "o", 500, occurred_at=utc_now()))

    reply = redeem(200)

    wait_until(lambda: servers.redis.scard("deaths") == 5, 60, "a death at each step")
    wait_until(lambda: servers.rows("wallet", "SELECT * FROM inbox"), 60, "the event to be dealt with")
    wait_until(lambda: not servers.rows("loyalty", "SELECT * FROM outbox WHERE published_at IS NULL"), 60, "the relay")
    wait_until(lambda: not servers.in_queues("loyalty.redeemed:wallet.credit_redemption", "events.wait.1s"), 60,
               "every copy of the event")
    stop_rooms()
    assert reply["balance"] == 300
    assert balances(loyalty) == {"ada": (300, 500)}
    assert [entry[:2] for entry in entries(loyalty)] == [("earned", 500), ("redeemed", -200)]
    [account] = servers.rows("wallet", "SELECT user_id, posted, reserved FROM account")
    assert tuple(account) == ("ada", reply["amount"], 0)
    assert len(servers.rows("wallet", "SELECT * FROM transfer")) == 1
