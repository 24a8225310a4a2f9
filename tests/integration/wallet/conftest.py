"""The wallet room's class on a real database, called as other rooms and members call it."""

from collections.abc import Callable, Iterator
from typing import Any

import nameko
import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import Engine

from services.foundation.database import Transactions
from services.foundation.rpc.calls import Principal
from services.wallet.models import Base
from services.wallet.service import Wallet
from services.wallet.settings import load
from testbed.mesh import Mesh
from tests.drivers.known_users import KnownUsers
from tests.drivers.room_tables import emptied, migrated

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def wallet_engine(servers: Mesh) -> Iterator[Engine]:
    """The wallet room's schema, as its migrations make it."""
    with migrated(servers, "wallet") as engine:
        yield engine


@pytest.fixture
def database(wallet_engine: Engine) -> Transactions:
    """Its tables, empty."""
    return emptied(wallet_engine, Base.metadata)


@pytest.fixture
def users() -> KnownUsers:
    """The user room, as the wallet room meets it."""
    return KnownUsers(("ada", "bob", "eve"), ended=("eve",))


@pytest.fixture
def open_room(servers: Mesh, database: Transactions, users: KnownUsers) -> Iterator[Open]:
    """Makes the room as a caller meets it; `caller` has the fields of a Principal."""
    with nameko.config.patch(servers.settings, clear=True):
        yield lambda **caller: worker_factory(Wallet, principal=Principal(**caller), database=database,
                                              remote=users, settings=load(nameko.config))


@pytest.fixture
def room(open_room: Open) -> Any:
    """The room, called by another room."""
    return open_room()


def transfer(source_id: str, amount: int = 1000, source_type: str = "payment", **other: Any) -> dict[str, Any]:
    """Ada's money, to be moved for this source."""
    return {"source_type": source_type, "source_id": source_id, "user_id": "ada", "amount": amount, "currency": "EUR",
            **other}


def has(room: Any, user_id: str = "ada") -> tuple[int, int, int]:
    """What is posted, reserved and available in euro cents."""
    room.principal = Principal(user_id=user_id)
    [row] = room.get_balance() or [{"posted": 0, "reserved": 0, "available": 0}]
    return row["posted"], row["reserved"], row["available"]
