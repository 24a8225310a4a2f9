import time
from collections.abc import Iterator
from typing import Any

import nameko
import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import Engine

from services.foundation.database import Transactions
from services.foundation.rpc.calls import Principal
from services.insight.models import Base
from services.insight.service import Insight
from services.insight.settings import InsightSettings
from testbed.mesh import Mesh
from tests.drivers.room_tables import emptied, migrated

MANAGER = Principal(user_id="mia", username="Mia", roles=("manager",))


@pytest.fixture(scope="session")
def insight_engine(servers: Mesh) -> Iterator[Engine]:
    """The insight room's schema, as its migrations make it."""
    with migrated(servers, "insight") as engine:
        yield engine


@pytest.fixture
def insight(servers: Mesh, insight_engine: Engine) -> Iterator[Transactions]:
    """Its tables, empty."""
    with nameko.config.patch(servers.settings):
        yield emptied(insight_engine, Base.metadata)


def room(insight: Transactions, principal: Principal = MANAGER, **settings: Any) -> Any:
    """The service class without a process around it."""
    return worker_factory(Insight, database=insight, principal=principal, is_stopping=lambda: False,
                          settings=InsightSettings(**{"kept_hours": 1, "kept_spans": 10_000, "purge_seconds": 30,
                                                      **settings}))


def keep(insight: Transactions, *batches: Any) -> None:
    """Let the room keep batches that came together."""
    room(insight).keep_spans(list(batches))


def microseconds_ago(seconds: float = 1) -> int:
    return int((time.time() - seconds) * 1_000_000)
