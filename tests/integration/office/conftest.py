from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nameko
import pytest
from sqlalchemy import Engine

from services.foundation.database import Transactions
from services.office import store
from services.office.rules import FIRST
from testbed.mesh import Mesh
from tests.drivers.room_tables import migrated


@pytest.fixture(scope="session")
def office_engine(servers: Mesh) -> Iterator[Engine]:
    """The office room's schema, as its migrations make it."""
    with migrated(servers, "office") as engine:
        yield engine


@pytest.fixture
def office(servers: Mesh, office_engine: Engine) -> Iterator[Transactions]:
    """Its tables, empty. The triggers don't see TRUNCATE."""
    execute(office_engine, *(f"TRUNCATE TABLE {table}" for table in ("entry", "head", "movement")),
            f"INSERT INTO head VALUES (1, 0, '{FIRST}')")
    with nameko.config.patch(servers.settings):
        yield Transactions(office_engine)


def execute(engine: Engine, *statements: str) -> list[Any]:
    """Execute statements; returns the rows of the last."""
    with engine.begin() as tx:
        for statement in statements:
            result = tx.exec_driver_sql(statement.replace("%", "%%"))
        return list(result) if result.returns_rows else []


@contextmanager
def no_triggers(engine: Engine) -> Iterator[None]:
    """Inside, the tables can be changed as somebody can who may do everything to the database."""
    names = [row[0] for row in execute(engine, "SHOW TRIGGERS")]
    made = [execute(engine, f"SHOW CREATE TRIGGER {name}")[0][2] for name in names]
    execute(engine, *(f"DROP TRIGGER {name}" for name in names))
    try:
        yield
    finally:
        execute(engine, *made)


def operation(name: str, **other: Any) -> dict[str, Any]:
    """What a room tells of a write, in JSON types."""
    return {"operation_id": name, "actor_id": "ada", "actor": "Ada", "roles": ["manager"], "method": "kitchen.restock",
            "about": "popcorn", "cinema_id": "kanal", "before": {"stock": 1}, "after": {"stock": 2}, "reason": None,
            "money": None, "request_id": None, "operated_at": "2030-01-01T20:00:00+00:00", **other}


def append(office: Transactions, *names: str, **other: Any) -> list[bool]:
    return [office.run(lambda tx, name=name: store.append(tx, operation(name, **other))) for name in names]
