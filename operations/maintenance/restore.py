"""`restore DIR`: a backup onto an empty machine, so that selling goes on from the moment of the backup.

Redis and RabbitMQ need none: the order room rebuilds the seat boards from MariaDB, and events that may have waited in
queues at that moment are published again. A restore that was interrupted is repeated; until it has ended, nothing
starts on half of it.
"""

import datetime as dt
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from alembic import command
from sqlalchemy import text
from sqlalchemy.engine import make_url

from operations.atomic_files import write_private
from operations.maintenance import manifest
from operations.maintenance.backup import CONFIG, DUMP, KEYS
from operations.maintenance.configuration import config_file, ticket_key_file
from operations.maintenance.dump import load
from operations.maintenance.empty_machine import forbid_data, tables_of
from operations.maintenance.manifest import Manifest
from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.preparation import migration_errors
from services.foundation import migrate
from services.foundation.events import inbox, outbox
from services.foundation.events.settings import event_settings

HOURS = 24
MARGIN = dt.timedelta(days=1)  # an inbox may forget an event a little before the outbox does


@click.command("restore")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--publish-again", "hours", metavar="HOURS", type=click.FloatRange(min=0), default=HOURS,
              show_default=True, help="How far before the backup events may have waited in queues.")
@click.pass_obj
def restore_command(mesh: Mesh, folder: Path, hours: float) -> None:
    """Restore the backup in DIR onto a machine without data, whose servers run and whose rooms don't."""
    backup = manifest.read(folder, DUMP)
    since = backup.moment - dt.timedelta(hours=hours)
    forbid_unknown_revisions(backup)
    forbid_forgotten_events(backup, since)
    forbid_other_keys(mesh, folder)
    try:
        with migration_errors(mesh), alone():
            forbid_data(mesh)
            again = restore(mesh, folder, backup, since)
    except OSError as problem:
        raise OperatorError(f"The restore has stopped, and can be repeated: {problem}.") from None
    click.echo(f"Restored {len(backup.rooms)} rooms as of {backup.moment:%F %T} UTC; {again} events will be published "
               "again.")
    if (folder / CONFIG).read_text() != config_file(mesh).read_text():
        click.echo(f"The settings here differ from those of the backup: compare config.yml with {folder / CONFIG}.")
    click.echo("Start the rooms, and then compare the payments with their provider: python -m operations reconcile")


@contextmanager
def alone() -> Iterator[None]:
    """Keep other restores out during the block: each would empty what the other has written. Raises OperatorError."""
    url = make_url(migrate.uri_of(migrate.rooms_with_tables()[0]))
    with migrate.engine_at(url.set(database="")).connect() as connection:
        if not connection.execute(text("SELECT GET_LOCK(:name, 0)"), {"name": f"restore {url.database}"}).scalar():
            raise OperatorError("Another restore is under way.")
        yield  # the lock ends with the connection


def forbid_unknown_revisions(backup: Manifest) -> None:
    """Raise OperatorError when a newer version made the backup."""
    for room, state in backup.rooms.items():
        known = room in migrate.rooms_with_tables() and {script.revision for script in migrate.history(room)}
        if not known or state.revision not in known:
            raise OperatorError(f"The backup has the {room} room at revision {state.revision}, which this version does "
                                "not know: restore it with the version that made it, or a newer one.")


def forbid_forgotten_events(backup: Manifest, since: dt.datetime) -> None:
    """Raise OperatorError when consumers may have forgotten that they have handled an event of that moment."""
    kept = dt.timedelta(days=event_settings().kept_days) - MARGIN
    if backup.moment - since > kept:
        raise OperatorError(f"Consumers remember events for {kept.days} days at most: --publish-again must not be more "
                            f"than {kept.days * 24} hours.")


def forbid_other_keys(mesh: Mesh, folder: Path) -> None:
    """Raise OperatorError when other ticket keys are here than those of the tickets that were sold."""
    here, there = ticket_key_file(mesh), folder / KEYS
    if here.exists() and there.exists() and here.read_text() != there.read_text():
        raise OperatorError(f"{here} has other ticket keys than the backup: sold tickets would not be valid. Put both "
                            f"into one file, those of {there} first.")


def restore(mesh: Mesh, folder: Path, backup: Manifest, since: dt.datetime) -> int:
    """Write everything of the backup, and return the number of events that are published again."""
    rooms = migrate.rooms_with_tables()
    if (folder / KEYS).exists() and not ticket_key_file(mesh).exists():
        write_private(ticket_key_file(mesh), (folder / KEYS).read_text())
    for room in rooms:
        begin(room)
    names = {state.schema: str(migrate.engine_of(room).url.database) for room, state in backup.rooms.items()}
    load(mesh.mariadb, folder / DUMP, names)
    again = sum([prepare(room, since) for room in rooms])
    for room in rooms:
        execute(room, f"DROP TABLE {migrate.UNFINISHED_RESTORE}")
    return again


def begin(room: str) -> None:
    """Empty the room's schema of an earlier, unfinished restore, and mark that this one has begun."""
    if tables_of(room):
        execute(room, f"DROP DATABASE `{migrate.engine_of(room).url.database}`")
    with migrate.schema(migrate.uri_of(room)):
        execute(room, f"CREATE TABLE {migrate.UNFINISHED_RESTORE} (id INTEGER PRIMARY KEY)")


def execute(room: str, statement: str) -> None:
    with migrate.engine_of(room).begin() as tx:
        tx.execute(text(statement))


def prepare(room: str, since: dt.datetime) -> int:
    """Upgrade a restored schema, and have its events since that moment published again; returns how many."""
    with migrate.schema(migrate.uri_of(room)):
        command.upgrade(migrate.alembic_config(room), "head")
    tables = importlib.import_module(f"services.{room}.models").Base.metadata.tables
    with migrate.engine_of(room).begin() as tx:
        if "inbox" in tables:
            inbox.keep_longer(tx, tables["inbox"])
        return outbox.publish_again(tx, tables["outbox"], since) if "outbox" in tables else 0
