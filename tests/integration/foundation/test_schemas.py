"""The tables that the migrations make match the models, in every room."""

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import nameko
import pytest
from alembic import command
from alembic.config import Config
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


def shape(engine: Engine) -> dict[str, list[str]]:
    """Each table with the lines of its definition, whose order makes no difference, and each trigger."""
    with engine.connect() as tx:
        found = {}
        for (table,) in tx.execute(text("SHOW TABLES")).all():
            definition = str(tx.execute(text(f"SHOW CREATE TABLE `{table}`")).one()[1])
            lines = re.sub(r" AUTO_INCREMENT=\d+", "", definition).splitlines()
            found[str(table)] = sorted(line.rstrip(",") for line in lines)
        triggers = tx.execute(text("SELECT trigger_name, action_statement FROM information_schema.triggers "
                                   "WHERE trigger_schema = DATABASE()")).all()
    return found | {str(name): [str(statement)] for name, statement in triggers}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_goes_up_down_and_up_again_step_by_step(servers: Mesh, room: str) -> None:
    with beside(servers, room, "base") as engine:
        config, revisions = migrate.alembic_config(room), [script.revision for script in migrate.history(room)]

        def shapes(revisions: list[str], go: Callable[[Config, str], None]) -> dict[str, dict[str, list[str]]]:
            found = {}
            for revision in revisions:
                go(config, revision)
                found[revision] = shape(engine)
            return found

        up = shapes(revisions, command.upgrade)
        down = {revisions[-1]: up[revisions[-1]], **shapes(revisions[-2::-1], command.downgrade)}
        command.downgrade(config, "base")
        assert shape(engine).keys() == {"alembic_version"}
        assert down == up
        assert shapes(revisions, command.upgrade) == up


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
