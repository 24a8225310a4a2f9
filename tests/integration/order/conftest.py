"""What the order room's tests share: a large hall of the mesh and what is free in it, or the room's tables alone."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from services.foundation.database import Transactions
from services.order.models import Base
from testbed.mesh import Mesh
from tests.drivers.room_tables import emptied, migrated


@pytest.fixture(scope="module")
def screening(mesh: Mesh) -> str:
    return mesh.fresh_screening(320)


@pytest.fixture
def seats(mesh: Mesh, screening: str) -> list[str]:
    return [seat for seat, state in mesh.seats(screening).items() if state == "free"]


@pytest.fixture(scope="module")
def engine(servers: Mesh) -> Iterator[Engine]:
    with migrated(servers, "order") as engine:
        yield engine


@pytest.fixture
def database(engine: Engine) -> Transactions:
    """The order room's tables, empty, without a mesh."""
    return emptied(engine, Base.metadata)
