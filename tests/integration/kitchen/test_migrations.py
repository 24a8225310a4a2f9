"""Tickets of an older version survive the migrations."""

import datetime as dt
from collections.abc import Iterator

import nameko
import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text

from services.foundation import migrate
from services.foundation.database import Transactions, make_engine
from services.kitchen import store, tickets
from testbed.mesh import Mesh

NEEDED = dt.datetime(2026, 1, 1, 19, 50)


@pytest.fixture
def old(servers: Mesh) -> Iterator[Engine]:
    """The kitchen room's schema as it was when its tickets had no end."""
    uri = str(servers.settings["DB_URIS"]["kitchen:Base"]).replace("/marquee_kitchen?", "/marquee_kitchen_before?")
    with nameko.config.patch({**servers.settings, "DB_URIS": {"kitchen:Base": uri}}, clear=True):
        with migrate.schema(uri):
            command.upgrade(migrate.alembic_config("kitchen"), "0002")
        engine = make_engine(uri)
        yield engine
        engine.dispose()
        dropping = create_engine(uri)
        with dropping.begin() as tx:
            tx.execute(text("DROP DATABASE marquee_kitchen_before"))
        dropping.dispose()


def test_an_old_waiting_ticket_ends_half_a_day_after_it_was_needed(old: Engine) -> None:
    with old.begin() as tx:
        tx.execute(text("INSERT INTO ticket (order_id, cinema_id, status, version, confirmed, until, needed_at) "
                        "VALUES ('forgotten', 'kanal', 'ready', 4, 1, :n, :n), "
                        "('unpaid', 'kanal', 'reserved', 1, 0, :n, NULL)"), {"n": NEEDED})

    migrate.upgrade("kitchen")

    evening = NEEDED.replace(tzinfo=dt.UTC)
    kitchen = Transactions(old)
    assert kitchen.read(lambda tx: store.uncollected(tx, evening + dt.timedelta(hours=11))) == []
    assert kitchen.read(lambda tx: store.uncollected(tx, evening + dt.timedelta(hours=12))) == ["forgotten"]
    kitchen.run(lambda tx: tickets.end_waiting(tx, "forgotten", evening + dt.timedelta(hours=12)))
    with old.connect() as tx:
        assert dict(tx.execute(text("SELECT order_id, status FROM ticket")).tuples().all()) == {
            "forgotten": "uncollected", "unpaid": "reserved"}
