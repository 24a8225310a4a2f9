"""The tables of a room on the test servers, without its process."""

from collections.abc import Iterator
from contextlib import contextmanager

import nameko
from sqlalchemy import Engine, MetaData, delete

from services.foundation import migrate
from services.foundation.database import Transactions, make_engine
from testbed.mesh import Mesh


@contextmanager
def migrated(servers: Mesh, room: str) -> Iterator[Engine]:
    """The room's schema, as its migrations make it."""
    with nameko.config.patch(servers.settings):
        migrate.upgrade(room)
        engine = make_engine(servers.settings["DB_URIS"][f"{room}:Base"])
    yield engine
    engine.dispose()


def emptied(engine: Engine, tables: MetaData) -> Transactions:
    """These tables without a row."""
    with engine.begin() as tx:
        for table in reversed(tables.sorted_tables):
            tx.execute(delete(table))
    return Transactions(engine)
