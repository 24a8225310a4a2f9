"""The rights of the rooms' accounts at the RabbitMQ that runs here: when the rooms' code has changed, they follow."""

import hashlib
import json
import os
import subprocess

from operations.accounts import passwords
from operations.atomic_files import write_private
from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.supervision.supervisor import Supervisor

GRANTED = "granted"    # a file with the digest of the rights that RabbitMQ has


def give_accounts(mesh: Mesh, supervisor: Supervisor, owned: list[str]) -> None:
    """Before the servers start: give the rooms accounts at those that start here, and none at those that don't.

    `room_accounts` in config.yml says whether they get any.
    """
    running, wanted = supervisor.programs(), mesh.settings.get("room_accounts") not in (False, "no")
    for server in mesh.servers:
        if server.name not in owned or not wanted:
            passwords.forget(mesh.run_folder, server.name)
        elif server.name not in running:
            mesh.make_accounts(server, mesh.run_folder)
    if mesh.rabbitmq.name in owned and mesh.rabbitmq.name not in running:
        write_private(mesh.rabbitmq.folder / GRANTED, digest(mesh))    # it imports them when it starts


def renew(mesh: Mesh, supervisor: Supervisor) -> None:
    """Tell a RabbitMQ that was started here which rights the rooms' accounts have now, unless it knows."""
    rabbitmq = mesh.rabbitmq
    if rabbitmq.name not in supervisor.programs() or not passwords.read(mesh.run_folder, rabbitmq.name):
        return
    granted, now = rabbitmq.folder / GRANTED, digest(mesh)
    if granted.exists() and granted.read_text() == now:
        return
    rabbitmq.write_definitions()
    command, environment = rabbitmq.control(["import_definitions", str(rabbitmq.definitions_file)])
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OperatorError(f"RabbitMQ did not take the rights of the rooms' accounts: {done.stderr.strip()[-300:]}")
    write_private(granted, now)


def digest(mesh: Mesh) -> str:
    """What tells these rights from others."""
    found = mesh.rabbitmq.definitions()
    rights = json.dumps([found["permissions"], found["topic_permissions"]], sort_keys=True)
    return hashlib.sha256(rights.encode()).hexdigest()
