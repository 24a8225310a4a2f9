"""The schema of a mesh that has sold seats is upgraded without loss."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import nameko
import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from schemas.fields import LARGEST_AMOUNT
from services.foundation import migrate
from testbed.mesh import ROOT, Mesh, wait_until

OLD_EVENT = ("INSERT INTO outbox (event_id, type, order_id, version, made_at) "
             "VALUES (:e, :t, 'o1', :v, '2026-01-01 10:00:00')")


MIGRATE = """
import json, sys, nameko
from schemas.fields import LARGEST_AMOUNT
from services.foundation import migrate
with nameko.config.patch(json.loads(sys.argv[1]), clear=True):
    migrate.upgrade("order")
"""


def uri_of(servers: Mesh, name: str) -> str:
    """A second schema of the order room."""
    return str(servers.settings["DB_URIS"]["order:Base"]).replace("/marquee_order?", f"/{name}?")


@pytest.mark.full_size("integration/order/test_migrations.py")
def test_of_two_migrations_at_once_the_second_waits(servers: Mesh) -> None:
    uri = uri_of(servers, "marquee_order_twice")
    waiting = "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT GET_LOCK(%marquee_order_twice%'"
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'marquee_order_twice'"
    engine = create_engine(make_url(uri).set(database=""))

    def ask(question: str) -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(text(question)))

    with migrate.schema(uri):
        other = subprocess.Popen([sys.executable, "-W", "ignore", "-c", MIGRATE,
                                  json.dumps({"DB_URIS": {"order:Base": uri}})], cwd=ROOT)
        wait_until(lambda: ask(waiting), 30, "the other one to wait")
        assert ask(tables) == []
    assert other.wait(120) == 0
    assert ask(tables)
    engine.dispose()


@pytest.fixture
def old(servers: Mesh) -> Iterator[Engine]:
    """The order room's schema before its events had a body."""
    uri = uri_of(servers, "marquee_order_before")
    with nameko.config.patch({**servers.settings, "DB_URIS": {"order:Base": uri}}, clear=True):
        with migrate.schema(uri):
            command.upgrade(migrate.alembic_config("order"), "0002")
        engine = create_engine(uri)
        yield engine
        with engine.begin() as tx:
            tx.execute(text("DROP DATABASE marquee_order_before"))
        engine.dispose()


def test_old_events_stay_in_the_outbox_and_are_not_published_now(old: Engine) -> None:
    with old.begin() as tx:
        tx.execute(text(OLD_EVENT), [{"e": "e1", "t": "order.created", "v": 1}, {"e": "e2", "t": "order.paid", "v": 2}])
    migrate.upgrade("order")
    with old.begin() as tx:
        rows = tx.execute(text("SELECT * FROM outbox ORDER BY sequence")).all()
    assert [(row.event_id, row.type, row.about, row.sequence, row.version) for row in rows] == [
        ("e1", "order.created", "o1", 1, 1), ("e2", "order.paid", "o1", 2, 1)]
    assert all(row.published_at == row.occurred_at for row in rows)
    assert {bytes(row.body) for row in rows} == {b"{}"}


def test_refunded_orders_get_their_end_reason(old: Engine) -> None:
    command.upgrade(migrate.alembic_config("order"), "0007")
    with old.begin() as tx:
        tx.execute(text("SET SESSION sql_mode = ''"))  # what is not named here is empty
        tx.execute(text("INSERT INTO orders (order_id, status) VALUES (:o, :s)"), [
            {"o": "whole", "s": "refunded"}, {"o": "part", "s": "part_refunded"}, {"o": "late", "s": "expired"},
            {"o": "never", "s": "cancelled"}])
        tx.execute(text("INSERT INTO refund (refund_id, order_id, reason) VALUES (:r, :o, :why)"), [
            {"r": "1", "o": "whole", "why": "screening_cancelled"}, {"r": "2", "o": "part", "why": "asked"},
            {"r": "3", "o": "late", "why": "paid_late"}])
    migrate.upgrade("order")
    with old.begin() as tx:
        told = {row.order_id: row.end_reason for row in tx.execute(text("SELECT order_id, end_reason FROM orders"))}
    assert told == {"whole": "screening_cancelled", "part": None, "late": "paid_late", "never": None}


def test_sold_orders_survive_the_change_of_collation(old: Engine) -> None:
    command.upgrade(migrate.alembic_config("order"), "0009")
    with old.begin() as tx:
        tx.execute(text("SET SESSION sql_mode = ''"))
        tx.execute(text("INSERT INTO orders (order_id, buyer_id, screening_id, status, total) "
                        "VALUES ('01ab', 'ada', 'saal', 'paid', 2500)"))
        tx.execute(text("INSERT INTO seat_claim VALUES ('saal', 'A1', '01ab', 'SOLD')"))
        tx.execute(text("INSERT INTO ticket VALUES ('t1', '01ab', 'saal', 'A1', 'M1.code', 'valid')"))
    migrate.upgrade("order")
    sold = ("SELECT total, code FROM orders JOIN seat_claim USING (order_id, screening_id) "
            "JOIN ticket USING (order_id, screening_id, seat_id) WHERE order_id = :o")
    with old.begin() as tx:
        assert tx.execute(text(sold), {"o": "01ab"}).all() == [(2500, "M1.code")]
        assert tx.execute(text(sold), {"o": "01AB"}).all() == []
        assert tx.execute(text(sold), {"o": "é"}).all() == []  # no error either
        tx.execute(text("UPDATE orders SET total = :most, refunded = :most"), {"most": LARGEST_AMOUNT})
    with pytest.raises(IntegrityError), old.begin() as tx:
        tx.execute(text("INSERT INTO seat_claim VALUES ('saal', 'A1', 'other', 'PENDING')"))
