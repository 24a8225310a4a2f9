"""Alembic for every room that has a `migrations` folder: each has a history and a MariaDB schema of its own."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from nameko import config as settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

SERVICES = Path(__file__).resolve().parents[1]


def rooms_with_tables() -> list[str]:
    """The names of the rooms that have migrations, sorted."""
    return sorted(folder.parent.name for folder in SERVICES.glob("*/migrations"))


@contextmanager
def schema(uri: str) -> Iterator[None]:
    """Hold a lock on the schema that `uri` names during the block; the schema is created when it is missing.

    MariaDB can't roll back DDL, so two processes must not migrate at once. Raises TimeoutError after a minute.
    """
    url = make_url(uri)
    server = create_engine(url.set(database=""), poolclass=NullPool)
    with server.connect() as connection:
        if not connection.execute(text("SELECT GET_LOCK(:name, 60)"), {"name": f"migrate {url.database}"}).scalar():
            raise TimeoutError(f"Another process has been changing the schema {url.database} for a minute.")
        connection.execute(text(f"CREATE DATABASE IF NOT EXISTS `{url.database}` CHARACTER SET utf8mb4 "
                                "COLLATE utf8mb4_unicode_520_ci"))
        yield  # the lock ends with the connection


def alembic_config(room: str) -> Config:
    """The Alembic config of a room, for instance for `alembic.command.upgrade(config, "head")`."""
    uri = settings["DB_URIS"][f"{room}:Base"]
    config = Config()
    config.set_main_option("script_location", str(SERVICES / "foundation" / "alembic"))
    config.set_main_option("version_locations", str(SERVICES / room / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = create_engine(uri, poolclass=NullPool)
    config.attributes["metadata"] = importlib.import_module(f"services.{room}.models").Base.metadata
    return config


def upgrade(room: str) -> None:
    """Upgrade the room's schema to its newest revision; the schema is created when it is missing.

    Raises TimeoutError when another process has been migrating it for a minute.
    """
    with schema(settings["DB_URIS"][f"{room}:Base"]):
        command.upgrade(alembic_config(room), "head")


def upgrade_all() -> None:
    """Upgrade the schema of every room, one after the other; raises like `upgrade`."""
    for room in rooms_with_tables():
        upgrade(room)


def new_revision(room: str, message: str) -> None:
    """Write a numbered migration with the difference between the room's models.py and its schema in the database."""
    config = alembic_config(room)
    number = len(list((SERVICES / room / "migrations").glob("[0-9]*.py"))) + 1
    with schema(settings["DB_URIS"][f"{room}:Base"]):
        command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")
