"""The tables that the migrations make match the models, in every room."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nameko
import pytest
from alembic import command
from sqlalchemy import BigInteger, Column, Engine, Integer, SmallInteger, String, Text, create_engine, text
from sqlalchemy.exc import IntegrityError

from services.foundation import migrate
from testbed.mesh import Mesh

ROOMS = migrate.rooms_with_tables()
COLUMNS = ("SELECT table_name, column_name, is_nullable, data_type, character_maximum_length, collation_name "
           "FROM information_schema.columns WHERE table_schema = DATABASE()")
WHOLE_NUMBERS = {BigInteger: "bigint", Integer: "int", SmallInteger: "smallint"}
PEOPLES = "utf8mb4_unicode_520_ci"


@contextmanager
def beside(servers: Mesh, room: str, revision: str) -> Iterator[Engine]:
    """A schema of the room's beside the real one, as it was at that revision."""
    uri = str(servers.settings["DB_URIS"][f"{room}:Base"]).replace(f"/marquee_{room}?", f"/marquee_{room}_beside?")
    with nameko.config.patch({**servers.settings, "DB_URIS": {f"{room}:Base": uri}}, clear=True):
        with migrate.schema(uri):
            command.upgrade(migrate.alembic_config(room), revision)
        engine = create_engine(uri)
        try:
            yield engine
        finally:
            with engine.begin() as tx:
                tx.execute(text(f"DROP DATABASE marquee_{room}_beside"))
            engine.dispose()


def promised(column: "Column[Any]") -> tuple[bool, Any]:
    """Whether it may be null, and what it holds: (length, collation), or the kind of number; None: we don't compare."""
    if isinstance(column.type, String) and not isinstance(column.type, Text):
        return bool(column.nullable), (column.type.length, column.type.collation or PEOPLES)
    return bool(column.nullable), WHOLE_NUMBERS.get(type(column.type))  # type: ignore[call-overload]


def found(row: Any) -> tuple[bool, Any]:
    kind = (row.character_maximum_length, row.collation_name) if row.data_type == "varchar" else row.data_type
    return row.is_nullable == "YES", kind if row.data_type in {"varchar", *WHOLE_NUMBERS.values()} else None


@pytest.mark.parametrize("room", ROOMS)
def test_the_models_match_the_tables(servers: Mesh, room: str) -> None:
    tables = importlib.import_module(f"services.{room}.models").Base.metadata.tables
    with beside(servers, room, "head") as engine, engine.connect() as connection:
        there = {(row.table_name, row.column_name): found(row) for row in connection.execute(text(COLUMNS))
                 if row.table_name != "alembic_version"}
    assert there == {(table.name, column.name): promised(column) for table in tables.values()
                     for column in table.columns}


@pytest.mark.parametrize("room", ROOMS)
def test_the_last_migration_can_be_reverted_and_repeated(servers: Mesh, room: str) -> None:
    with beside(servers, room, "head") as engine:
        config = migrate.alembic_config(room)
        command.downgrade(config, "-1")
        command.upgrade(config, "head")
        with engine.connect() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def test_a_programme_on_sale_keeps_its_foreign_keys(servers: Mesh) -> None:
    with beside(servers, "film", "0002") as engine:
        hall = "INSERT INTO hall VALUES (:h, :c, 'Saal 1', 8, '{}')"
        with engine.begin() as tx:
            tx.execute(text("INSERT INTO cinema VALUES ('kanal', 'Kino', 'Berlin', 'Europe/Berlin')"))
            tx.execute(text(hall), {"h": "saal-1", "c": "kanal"})
        migrate.upgrade("film")
        with engine.begin() as tx:
            [row] = tx.execute(text("SELECT hall_id FROM hall JOIN cinema USING (cinema_id)"))
            assert row.hall_id == "saal-1"
        for stranger in ("KANAL", "nowhere"):
            with pytest.raises(IntegrityError), engine.begin() as tx:
                tx.execute(text(hall), {"h": "saal-2", "c": stranger})
