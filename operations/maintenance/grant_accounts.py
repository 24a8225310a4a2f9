"""`grant-accounts`: accounts for the rooms at servers that run elsewhere, as files for these servers and the rooms."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from operations.accounts import passwords
from operations.atomic_files import write_private
from operations.mesh import Mesh, find_rooms
from operations.servers.mariadb import of_rooms

ANYWHERE = ("%",)
READABLE = 0o644    # for the servers' own users in containers; the folder keeps everybody else out


@click.command("grant-accounts")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def grant_accounts_command(mesh: Mesh, folder: Path) -> None:
    """Write accounts for all rooms to FOLDER, which nobody else may read.

    definitions.json is for RabbitMQ (`rabbitmqctl import_definitions`, or load_definitions), accounts.sql for an
    administrator of MariaDB, and ROOM.env has the variables for each room's processes. Repeat it when rooms or their
    code have changed: passwords stay as they are.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for server in (mesh.rabbitmq, mesh.mariadb):
        mesh.make_accounts(server, folder)
    rabbitmq = replace(mesh.rabbitmq, folder=folder, room_accounts=partial(mesh.broker_accounts, folder))
    rabbitmq.write_definitions()
    rabbitmq.definitions_file.chmod(READABLE)
    statements = of_rooms(mesh.database_accounts(folder), ANYWHERE)
    write_private(folder / "accounts.sql", "\n".join(statements) + "\n").chmod(READABLE)
    for room in find_rooms(mesh.root):
        variables = mesh.secrets_of(room, folder)
        write_private(folder / f"{room}.env", "".join(f"{name}={value}\n" for name, value in variables.items()))
    count = len(passwords.read(folder, rabbitmq.name))
    click.echo(f"Wrote {count} accounts to {folder}: definitions.json, accounts.sql, and the variables of each room.")
