"""`revision`: writes a migration."""

import click

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.preparation import migration_errors
from services.foundation import migrate


@click.command("revision")
@click.argument("room")
@click.argument("message")
@click.pass_obj
def revision_command(mesh: Mesh, room: str, message: str) -> None:
    """Write a migration for the changes in ROOM's models.py since its last migration.

    They are found by comparing it with the schema in MariaDB, which must run and be migrated to the newest revision.
    """
    if not (migrate.SERVICES / room / "models.py").exists():
        raise OperatorError(f"There is no room {room} with a models.py.")
    with migration_errors(mesh):
        migrate.new_revision(room, message)
