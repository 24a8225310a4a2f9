"""The tables that the migrations make match the models, in every room."""

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import nameko
import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, Engine, Integer, SmallInteger, String, Text, text
from sqlalchemy.exc import IntegrityError

from operations.maintenance.downgrades import blockers
from services.foundation import migrate
from services.foundation.database import make_engine
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
        engine = make_engine(uri)
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


Shape = dict[str, list[str]]


def shape(engine: Engine) -> Shape:
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


@dataclass
class Walk:
    """The shapes of a room's schema at each revision, on the way up, back, and up again.

    At the head: its columns, and what blocks the way back from there, though there is no data.
    """

    room: str
    up: dict[str, Shape] = field(default_factory=dict)
    back: dict[str, Shape] = field(default_factory=dict)
    again: dict[str, Shape] = field(default_factory=dict)
    columns: list[Any] = field(default_factory=list)
    blockers: list[str] = field(default_factory=list)

    def walk(self, engine: Engine) -> None:
        scripts = migrate.history(self.room)
        names = ["base", *(str(script.revision) for script in scripts)]
        self.up["base"] = shape(engine)
        for number, script in enumerate(scripts, 1):
            self.up[names[number]] = step(engine, script.module.upgrade)
        with engine.connect() as tx:
            self.columns = list(tx.execute(text(COLUMNS)))
            self.blockers = blockers(tx, scripts)
        self.back[names[-1]], self.again["base"] = self.up[names[-1]], self.up["base"]
        for number, script in reversed(list(enumerate(scripts, 1))):
            self.back[names[number - 1]] = step(engine, script.module.downgrade)
        for number, script in enumerate(scripts, 1):
            self.again[names[number]] = step(engine, script.module.upgrade)


def step(engine: Engine, migration: Callable[[], None]) -> Shape:
    """Do a migration, without Alembic's record of it, and return the shape that the schema has then."""
    with engine.begin() as tx, Operations.context(MigrationContext.configure(tx)):
        migration()
    return shape(engine)


@pytest.fixture(scope="module", params=ROOMS)
def walk(request: pytest.FixtureRequest, servers: Mesh) -> Walk:
    walk = Walk(request.param)
    with beside(servers, walk.room, "base") as engine:
        walk.walk(engine)
    return walk


def test_the_models_match_the_tables(walk: Walk) -> None:
    tables = importlib.import_module(f"services.{walk.room}.models").Base.metadata.tables
    there = {(row.table_name, row.column_name): found(row) for row in walk.columns
             if row.table_name != "alembic_version"}
    assert there == {(table.name, column.name): promised(column) for table in tables.values()
                     for column in table.columns}


def test_what_blocks_the_way_back_can_be_asked_at_the_newest_revision(walk: Walk) -> None:
    assert walk.blockers == []


def test_each_migration_can_be_reverted_and_repeated(walk: Walk) -> None:
    assert walk.back == walk.up
    assert walk.again == walk.up


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
