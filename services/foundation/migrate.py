"""Alembic for every room that has a `migrations` folder: each has a history and a MariaDB schema of its own."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from nameko import config as settings
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from services.foundation.settings import is_loopback

SERVICES = Path(__file__).resolve().parents[1]
# A table of a schema that is just being restored: what is there is not whole yet.
UNFINISHED_RESTORE = "unfinished_restore"


class SchemaRefused(Exception):
    """A schema that this version must not change; `str` says why, in one sentence."""


def rooms_with_tables() -> list[str]:
    """The names of the rooms that have migrations, sorted."""
    return sorted(folder.parent.name for folder in SERVICES.glob("*/migrations"))


def uri_of(room: str) -> str:
    """The address of the room's schema, as config.yml has it."""
    return str(settings["DB_URIS"][f"{room}:Base"])


def engine_of(room: str) -> Engine:
    """An engine for the room's schema without the limits of a room: what an operator does may take long."""
    return engine_at(make_url(uri_of(room)))


def engine_at(url: URL) -> Engine:
    """An engine whose connections end after use; over loopback, without reading the system's certificates each time."""
    return create_engine(url, poolclass=NullPool, connect_args={"ssl_disabled": is_loopback(url.host or "")})


@contextmanager
def locked(uri: str) -> Iterator[Engine]:
    """Hold a lock on the schema that `uri` names during the block, and yield an engine without a schema.

    MariaDB can't roll back DDL, so two processes must not migrate at once. Raises TimeoutError after a minute.
    """
    url = make_url(uri)
    server = engine_at(url.set(database=""))
    with server.connect() as connection:
        if not connection.execute(text("SELECT GET_LOCK(:name, 60)"), {"name": f"migrate {url.database}"}).scalar():
            raise TimeoutError(f"Another process has been changing the schema {url.database} for a minute.")
        yield server  # the lock ends with the connection


@contextmanager
def schema(uri: str) -> Iterator[None]:
    """Hold the lock on a schema during the block; the schema is created when it is missing. Raises like `locked`."""
    with locked(uri) as server, server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE IF NOT EXISTS `{make_url(uri).database}` CHARACTER SET utf8mb4 "
                                "COLLATE utf8mb4_unicode_520_ci"))
        yield


def alembic_config(room: str) -> Config:
    """The Alembic config of a room, for instance for `alembic.command.upgrade(config, "head")`."""
    config = Config()
    config.set_main_option("script_location", str(SERVICES / "foundation" / "alembic"))
    config.set_main_option("version_locations", str(SERVICES / room / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = engine_of(room)
    config.attributes["metadata"] = importlib.import_module(f"services.{room}.models").Base.metadata
    return config


def history(room: str) -> list[Script]:
    """The room's migrations, the oldest first."""
    return list(ScriptDirectory.from_config(alembic_config(room)).walk_revisions())[::-1]


def revision_in(engine: Engine) -> str | None:
    """The revision that a schema has, or None when it has no tables. Raises SchemaRefused for half a restore."""
    with engine.connect() as connection:
        unfinished = text("SELECT 1 FROM information_schema.tables "
                          "WHERE table_schema = DATABASE() AND table_name = :name")
        if connection.execute(unfinished, {"name": UNFINISHED_RESTORE}).scalar():
            raise SchemaRefused(f"The schema {engine.url.database} was not restored to the end: repeat the restore.")
        return MigrationContext.configure(connection).get_current_revision()


def check(room: str) -> str | None:
    """The revision of the room's schema, or None. Raises SchemaRefused when this version does not know it."""
    found = revision_in(engine_of(room))
    if found is not None and found not in {script.revision for script in history(room)}:
        raise SchemaRefused(f"The schema of the {room} room is at revision {found}, which a newer version made: with "
                            f"that version, go back first (python -m operations migrate {room} --to REVISION).")
    return found


def upgrade(room: str, revision: str = "head") -> None:
    """Upgrade the room's schema to a revision, the newest unless said; it is created when it is missing.

    Raises TimeoutError when another process has been migrating it for a minute, and SchemaRefused.
    """
    with schema(uri_of(room)):
        check(room)
        command.upgrade(alembic_config(room), revision)


def downgrade(room: str, revision: str) -> None:
    """Take the room's schema back to a revision, or to `base`; the caller holds its lock (`schema`)."""
    command.downgrade(alembic_config(room), revision)


def upgrade_all() -> None:
    """Upgrade the schema of every room, one after the other; raises like `upgrade`."""
    for room in rooms_with_tables():
        upgrade(room)


def new_revision(room: str, message: str) -> None:
    """Write a numbered migration with the difference between the room's models.py and its schema in the database.

    Raises SchemaRefused like `check`, and when the schema lacks a migration that there is.
    """
    folder = SERVICES / room / "migrations"
    folder.mkdir(exist_ok=True)    # the first of a room
    scripts = history(room)
    with schema(uri_of(room)):
        if scripts and check(room) != scripts[-1].revision:
            raise SchemaRefused(f"The schema of the {room} room is not at its newest revision: migrate it first "
                                f"(python -m operations migrate {room}).")
        command.revision(alembic_config(room), message=message, autogenerate=True, rev_id=f"{len(scripts) + 1:04d}")
