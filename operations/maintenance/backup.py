"""`backup DIR`: all schemas as of one moment, the ticket keys and the configuration, while tickets are being sold."""

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from sqlalchemy import text
from sqlalchemy.engine import make_url

from operations.atomic_files import write_private
from operations.maintenance import manifest
from operations.maintenance.configuration import config_file, environment, ticket_key_file
from operations.maintenance.dump import dump
from operations.maintenance.empty_machine import dead_letters
from operations.maintenance.manifest import File, Manifest, RoomState
from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.preparation import migration_errors
from operations.servers.base import ServerState
from operations.termination import exit_on_signals
from services.foundation import migrate

DUMP, KEYS, CONFIG, ENVIRONMENT = "mariadb.sql.gz", "ticket.key", "config.yml", "environment"
HOLDS = {
    DUMP: "all rooms' schemas, with personal data and password hashes",
    KEYS: "the keys that sign tickets",
    CONFIG: "the settings",
    ENVIRONMENT: "the environment variables of the settings, with passwords",
}
PUBLIC = {CONFIG}


@click.command("backup")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_obj
def backup_command(mesh: Mesh, folder: Path) -> None:
    """Back up all data, keys and settings to DIR, which must be new or empty; tickets are sold meanwhile.

    DIR then holds secrets: keep it where only you can read it.
    """
    made = backup(mesh, folder.absolute())
    size = sum(file.bytes for file in made.files.values())
    click.echo(f"Backed up {len(made.rooms)} rooms as of {made.moment:%F %T} UTC to {folder}, {size / 1e6:.1f} MB.")
    if mesh.rabbitmq.state() is ServerState.READY and (dead := dead_letters(mesh)):
        click.echo(f"{dead} events are dead letters; a restore publishes again only those of the day before.")


def backup(mesh: Mesh, folder: Path) -> Manifest:
    """Make a backup that is either whole or not there. Raises OperatorError."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OperatorError(f"{folder} is not an empty folder.")
    if not folder.parent.is_dir():
        raise OperatorError(f"There is no folder {folder.parent}.")
    try:
        with exit_on_signals(), migration_errors(mesh), draft_of(folder) as draft:
            return write(mesh, draft)
    except OSError as problem:
        raise OperatorError(f"The backup could not be written: {problem}.") from None


@contextmanager
def draft_of(folder: Path) -> Iterator[Path]:
    """A folder beside, which becomes `folder` at the end, or is removed when something fails."""
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))  # only its owner may look into it
    try:
        yield draft
        for path in [*draft.iterdir(), draft]:
            flush(path)
        draft.rename(folder)
        flush(folder.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def flush(path: Path) -> None:
    """Return once the file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(mesh: Mesh, draft: Path) -> Manifest:
    """Write all files of a backup, the manifest last."""
    keys = ticket_key_file(mesh)
    if keys.exists():
        write_private(draft / KEYS, keys.read_text())
    elif mesh.settings["order"]["ticket_key_file"]:
        raise OperatorError(f"The ticket keys in {keys} can't be read.")
    write_private(draft / CONFIG, config_file(mesh).read_text())
    write_private(draft / ENVIRONMENT, environment(mesh))
    with schemas_unchanged() as rooms:
        moment, version = now_at_mariadb()
        write_private(draft / DUMP, "")
        dump(mesh.mariadb, [room.schema for room in rooms.values()], draft / DUMP)
    made = Manifest(manifest.FORMAT, moment, version, rooms, files_of(draft))
    made.write(draft)
    return made


def files_of(draft: Path) -> dict[str, File]:
    return {path.name: manifest.describe(path, HOLDS[path.name], path.name not in PUBLIC)
            for path in sorted(draft.iterdir())}


@contextmanager
def schemas_unchanged() -> Iterator[dict[str, RoomState]]:
    """What each room's schema is; during the block, nobody migrates one. Raises OperatorError for a missing one."""
    with ExitStack() as locks:
        rooms = {}
        for room in migrate.rooms_with_tables():
            uri = migrate.uri_of(room)
            locks.enter_context(migrate.schema(uri))
            revision = migrate.check(room)
            if revision is None:
                raise OperatorError(f"The {room} room has no tables yet: python -m operations migrate makes them.")
            rooms[room] = RoomState(str(make_url(uri).database), revision)
        yield rooms


def now_at_mariadb() -> tuple[dt.datetime, str]:
    """The present moment by MariaDB's clock, in UTC, and MariaDB's version."""
    with migrate.engine_of(migrate.rooms_with_tables()[0]).connect() as connection:
        moment, version = connection.execute(text("SELECT UTC_TIMESTAMP(3), VERSION()")).one()
    return moment.replace(tzinfo=dt.UTC), str(version)
