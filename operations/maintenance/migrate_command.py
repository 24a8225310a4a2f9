"""`migrate`: up for every room, and both ways for one."""

from dataclasses import dataclass

import click
from alembic.script import Script
from sqlalchemy.exc import DBAPIError

from operations.maintenance.downgrades import blockers, losses
from operations.maintenance.running_rooms import forbid_running
from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.preparation import migration_errors
from services.foundation import migrate

BASE = "base"


@dataclass(frozen=True)
class MigrationPath:
    """From the revision that a room's schema has to another one; `current` and `target` count the migrations done."""

    room: str
    scripts: list[Script]
    current: int
    target: int

    @property
    def plan(self) -> list[Script]:
        """The migrations to revert, the newest first; none for an upgrade."""
        return self.scripts[self.target:self.current][::-1]

    def name(self, number: int) -> str:
        """The revision after so many migrations."""
        return str(self.scripts[number - 1].revision) if number else BASE

    def __str__(self) -> str:
        return f"{self.room:<13} {self.name(self.current)} -> {self.name(self.target)}"


@click.command("migrate")
@click.argument("room", required=False)
@click.option("--to", "revision", metavar="REVISION", help="Up or down to this revision, such as 0003 or base.")
@click.option("--down", metavar="N", type=click.IntRange(min=1), help="Back by so many migrations.")
@click.option("--yes", is_flag=True, help="Go back even though something is lost.")
@click.pass_obj
def migrate_command(mesh: Mesh, room: str | None, revision: str | None, down: int | None, yes: bool) -> None:
    """Upgrade the schema of every room, or of ROOM, to its newest revision; with --to or --down, change ROOM's."""
    if room is None and (revision or down):
        raise OperatorError("--to and --down need a ROOM.")
    if revision and down:
        raise OperatorError("Give either --to or --down.")
    if room is not None and room not in migrate.rooms_with_tables():
        raise OperatorError(f"There is no room {room} with tables, only {', '.join(migrate.rooms_with_tables())}.")
    with migration_errors(mesh):
        paths = [path_of(each, revision, down) for each in ([room] if room else migrate.rooms_with_tables())]
        changed = [change_schema(mesh, path, yes) for path in paths if path.current != path.target]
    click.echo("\n".join(changed) if changed else "Nothing is to be changed.")


def path_of(room: str, revision: str | None, down: int | None) -> MigrationPath:
    """Where a room's schema is and shall go. Raises OperatorError for an unknown revision or too many steps."""
    with migrate.schema(migrate.uri_of(room)):
        found = migrate.check(room)
    scripts = migrate.history(room)
    numbers = {BASE: 0, "head": len(scripts)} | {str(script.revision): n for n, script in enumerate(scripts, 1)}
    current = numbers[found or BASE]
    if down is not None and down > current:
        raise OperatorError(f"The {room} room has had {current} migrations, so it can't go back by {down}.")
    if revision is not None and revision not in numbers:
        raise OperatorError(f"The {room} room has no revision {revision}, only base, {scripts[0].revision} to "
                            f"{scripts[-1].revision}, and head.")
    return MigrationPath(room, scripts, current, current - down if down else numbers[revision or "head"])


def change_schema(mesh: Mesh, path: MigrationPath, yes: bool) -> str:
    """Change the schema, and return a line about it."""
    if path.target > path.current:
        migrate.upgrade(path.room, path.name(path.target))
    else:
        forbid_running(mesh, [path.room], f"the {path.room} room goes back")
        with migrate.schema(migrate.uri_of(path.room)):
            forbid_another_path(path)
            forbid_harm(path, yes)
            go_back(path)
    return str(path)


def forbid_another_path(path: MigrationPath) -> None:
    """Raise OperatorError when somebody has migrated the schema meanwhile: the way back would be longer than known."""
    if (found := migrate.check(path.room) or BASE) != path.name(path.current):
        raise OperatorError(f"The {path.room} room's schema was changed meanwhile, to revision {found}: repeat the "
                            "command if it shall still go back.")


def forbid_harm(path: MigrationPath, yes: bool) -> None:
    """Raise OperatorError when something in the schema forbids the way back, or unless `yes` when it loses data."""
    with migrate.engine_of(path.room).connect() as tx:
        if found := blockers(tx, path.plan):
            raise OperatorError("\n".join([f"The {path.room} room can't go back:", *found]))
        lost = losses(tx, path.plan)
    if lost and not yes:
        raise OperatorError("\n".join([f"Going back, the {path.room} room would lose:", *lost,
                                       "If that may be lost, repeat the command with --yes."]))


def go_back(path: MigrationPath) -> None:
    """Revert the migrations of the path, the newest first. Raises OperatorError when MariaDB refuses one."""
    try:
        migrate.downgrade(path.room, path.name(path.target))
    except DBAPIError as problem:
        reached = migrate.check(path.room) or BASE
        reason = problem.orig.args[-1] if problem.orig else problem
        raise OperatorError(f"The {path.room} room has stopped at revision {reached}: {reason}") from None
