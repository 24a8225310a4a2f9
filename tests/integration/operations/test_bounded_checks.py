"""What checks cost grows with what has changed lately, and not with what has ever been sold.

MariaDB is asked how it reads each statement; seconds would tell about the machine.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nameko
import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url

from operations.checks.invariants import INVARIANTS
from operations.checks.snapshot import Snapshot
from services.foundation.database import Transactions, make_engine, utc_now
from services.foundation.ids import first_id
from services.foundation.rpc.standalone_client import StandaloneCaller
from services.loyalty import store as loyalty_store
from services.payment import settings as payment_settings
from services.payment.reconciling.reconciler import reconcile
from services.wallet import store as wallet_store
from testbed.mesh import Mesh

at_full_size = pytest.mark.full_size("integration/operations/test_bounded_checks.py")

OLD, LATELY = 2_000, 20    # rows of each table
A_FEW = OLD // 10          # rows that a statement may read of one table, by MariaDB's estimate
DAYS_AGO = "'2024-01-01'"
WINDOW = dt.timedelta(hours=48)
# What each table has in the columns that must not be just anything.
TABLES: dict[str, dict[str, dict[str, str]]] = {
    "order": {"orders": {"status": "'paid'", "seats": "'[]'", "snacks": "'[]'", "unpaid_slot": "NULL"},
              "seat_claim": {"state": "'SOLD'"}, "ticket": {"status": "'valid'"}, "refund": {"status": "'done'"},
              "outbox": {}, "cancelled_screening": {}},
    "payment": {"account": {"status": "'captured'", "refunded": "0"}, "reversal": {"status": "'kept'"},
                "payment": {"status": "'captured'", "provider": "'sandbox'"}, "outbox": {},
                "refund": {"status": "'done'", "credit_to": "NULL"}, "card": {"status": "'kept'"},
                "sandbox_charge": {"status": "'captured'"}, "sandbox_refund": {}, "webhook_inbox": {}},
    "kitchen": {"ticket": {"status": "'collected'"}, "ticket_line": {}, "inbox": {"consumer": "'kitchen'"},
                "outbox": {}},
    "loyalty": {"member": {}, "order_points": {"is_paid": "1"}, "entry": {"kind": "'check_in'"}, "check_in": {}},
    "wallet": {"account": {}, "transfer": {"kind": "'capture'", "source_type": "'payment'"}, "entry": {},
               "reservation": {"status": "'captured'", "source_type": "'payment'"}},
    "user": {"user": {"roles": "'[]'"}},
    "film": {"screening": {"prices": "'{}'"}},
    "office": {"entry": {}},
}


@pytest.fixture(scope="module")
def settings(mesh: Mesh) -> Iterator[dict[str, Any]]:
    """Schemas of their own, full of what was sold long ago, with a little of today."""
    grown = Mesh(mesh.folder, mesh.environment | {"MARQUEE_DB_SUFFIX": "_grown"})
    with nameko.config.patch(grown.settings, clear=True):
        for room, tables in TABLES.items():
            copy_tables(mesh, room, schema_of(grown, room))
            with grown.engine(room).begin() as tx:
                tx.execute(text("SET SESSION foreign_key_checks = 0, check_constraint_checks = 0, time_zone = '+0:00'"))
                for table, columns in tables.items():
                    fill(tx, table, columns, "'00'", DAYS_AGO, OLD)
                    fill(tx, table, columns, f"'{first_id(utc_now())}'", "UTC_TIMESTAMP()", LATELY)
                    tx.execute(text(f"ANALYZE TABLE `{table}`"))
        yield grown.settings
        for room in TABLES:
            with grown.engine(room).connect() as tx:
                tx.execute(text(f"DROP DATABASE `{schema_of(grown, room)}`"))


def schema_of(mesh: Mesh, room: str) -> str:
    return str(make_url(mesh.settings["DB_URIS"][f"{room}:Base"]).database)


def copy_tables(mesh: Mesh, room: str, schema: str) -> None:
    """Make a new schema with the room's tables, as its migrations would, but sooner."""
    with mesh.engine(room).begin() as tx:
        tx.execute(text(f"CREATE DATABASE `{schema}`"))
        for table in tx.execute(text("SHOW TABLES")).scalars().all():
            tx.execute(text(f"CREATE TABLE `{schema}`.`{table}` LIKE `{table}`"))
        if room == "office":
            tx.execute(text(f"INSERT INTO `{schema}`.head SELECT * FROM head"))  # the one row that a migration writes


def fill(tx: Any, table: str, columns: dict[str, str], prefix: str, moment: str, rows: int) -> None:
    """Add so many rows with ids that begin with `prefix`, made and changed at `moment`."""
    found = tx.execute(text(
        "SELECT column_name AS name, data_type AS type, COALESCE(character_maximum_length, 0) AS most "
        "FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = :t "
        "AND COALESCE(generation_expression, '') = ''"), {"t": table}).all()
    values = {row.name: columns.get(row.name) or value_of(row.type, int(row.most), prefix, moment) for row in found}
    tx.execute(text(f"INSERT IGNORE INTO `{table}` ({', '.join(f'`{name}`' for name in values)}) "
                    f"SELECT {', '.join(values.values())} FROM seq_1_to_{rows}"))


def value_of(kind: str, most: int, prefix: str, moment: str) -> str:
    if kind in ("datetime", "date"):
        return moment
    if kind in ("varchar", "char", "text"):
        return f"LEFT(CONCAT({prefix}, LPAD(seq, GREATEST(1, LEAST({most}, 32) - LENGTH({prefix})), '0')), {most})"
    if kind in ("int", "bigint"):
        return "seq"
    return "1" if kind in ("smallint", "tinyint") else "''"


@contextmanager
def statements() -> Iterator[list[tuple[str, str, Any]]]:
    """The schema, text and values of each SELECT of this process inside the block."""
    found: list[tuple[str, str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "(SELECT")):
            found.append((str(connection.engine.url.render_as_string(hide_password=False)), statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def wide_reads(found: list[tuple[str, str, Any]]) -> set[str]:
    """The statements that read more than a few rows of a table, and how."""
    wide, engines = set(), {}
    for uri, statement, values in found:
        engine = engines.setdefault(uri, create_engine(uri))
        with engine.connect() as tx:
            for step in tx.exec_driver_sql(f"EXPLAIN {statement}", values).mappings():
                if int(str(step["rows"] or 0).split()[0]) > A_FEW:   # a filter adds its share, such as "2 (0%)"
                    wide.add(f"{step['type']} of {step['rows']} rows of {step['table']}: {' '.join(statement.split())}")
    for engine in engines.values():
        engine.dispose()
    return wide


def check_all(since: dt.datetime | None) -> dict[str, int]:
    with Snapshot.open(since) as snapshot:
        return {each.name: len(list(each.check(snapshot))) for each in INVARIANTS}


def test_no_statement_of_a_check_of_the_window_reads_a_whole_table(settings: dict[str, Any]) -> None:
    with statements() as found:
        breaches = check_all(utc_now() - WINDOW)

    assert len(found) > 40
    assert wide_reads(found) == set()
    assert max(breaches.values()) < A_FEW   # each of the lately filled rows breaches something, and none of the others


@at_full_size
@pytest.mark.parametrize(("invariant", "room", "change"), [
    ("I13", "order", "UPDATE orders SET status = 'review' WHERE order_id = '{}'"),
    ("I3", "order", "UPDATE orders SET status = 'created', seats = '[{{\"seat_id\": \"A1\", \"price\": 1}}]' "
                    "WHERE order_id = '{}'"),
    ("I14", "loyalty", "UPDATE member SET balance = balance + 1 WHERE user_id = '{}'"),
    ("I17", "payment", "UPDATE card SET last4 = 'none' WHERE card_id = '{}'"),
], ids=["in review", "unpaid", "a member's points by hand", "a card by hand"])
def test_what_is_old_is_checked_if_it_is_not_settled_or_was_changed_lately(
    settings: dict[str, Any], invariant: str, room: str, change: str,
) -> None:
    since = utc_now() - WINDOW
    engine, before = make_engine(settings["DB_URIS"][f"{room}:Base"]), check_all(since)[invariant]
    with engine.begin() as tx:
        assert tx.execute(text(change.format("00" + "7".zfill(30)))).rowcount == 1
    engine.dispose()

    assert check_all(since)[invariant] > before


def test_a_check_of_everything_reads_whole_tables_in_pages(settings: dict[str, Any]) -> None:
    """The control of the test above: what it looks for can be seen."""
    named = {each.name: each for each in INVARIANTS}
    with Snapshot.open() as snapshot, statements() as found:
        assert sum(1 for _ in named["I4"].check(snapshot)) > OLD - A_FEW
        pages = [each for each in found if "FROM orders" in each[1]]
        list(named["I7"].check(snapshot))

    assert len(pages) > OLD / 500
    assert wide_reads(found) != set()


@at_full_size
def test_no_statement_of_the_reconciler_reads_a_whole_table(settings: dict[str, Any]) -> None:
    engine = make_engine(settings["DB_URIS"]["payment:Base"])
    with statements() as found:
        list(reconcile(Transactions(engine), payment_settings.load(nameko.config), StandaloneCaller()))
    engine.dispose()

    assert len(found) > 10
    assert wide_reads(found) == set()


@at_full_size
def test_no_page_of_the_wallets_movements_and_no_comparison_of_points_reads_a_whole_table(
    settings: dict[str, Any],
) -> None:
    since = utc_now() - WINDOW
    with statements() as found:
        for room, reads in {
            "wallet": (lambda tx: wallet_store.reservations_since(tx, "payment", since, None, 100),
                       lambda tx: wallet_store.credits_since(tx, "refund", since, None, 100)),
            "loyalty": (lambda tx: loyalty_store.differences(tx, since),
                        lambda tx: list(loyalty_store.points_of_orders(tx, since))),
        }.items():
            engine = make_engine(settings["DB_URIS"][f"{room}:Base"])
            for read in reads:
                Transactions(engine).read(read)
            engine.dispose()

    assert len(found) >= 6
    assert wide_reads(found) == set()
