"""What staff and operators can change: the methods of their roles that write, and the commands that do."""

from typing import Any

import click

from operations.__main__ import operations
from schemas import catalogue
from schemas.roles import HOLDERS

WRITES = [method for method in catalogue.methods().values() if method.access in HOLDERS and not method.reads]
# Commands that change nothing that staff answer for, and why.
NO_OPERATIONS = {
    "audit": "repairs what the providers' records leave no choice about; nobody decides anything",
    "reconcile": "the same, once",
    "broker": "asks RabbitMQ", "check": "reads", "dead": "reads", "health": "reads", "logs": "reads",
    "metrics": "reads", "status": "reads", "backup": "reads",
    "review": "lists the cases", "review list": "reads", "verify-log": "reads",
    "declare": "makes queues", "migrate": "makes tables", "revision": "writes a file",
    "restore": "brings back what was, the log included, where there is nothing yet",
    "reload": "reads a file again that somebody has changed", "restart": "restarts processes",
    "watch": "starts supervisord again", "grant-accounts": "writes files",
    "run": "starts processes", "start": "starts processes", "stop": "stops processes",
    "messages": "sends again what was to be sent anyway", "replay": "delivers again what was to be delivered anyway",
    "account": "has commands below it",
}


def below(group: click.Group, above: str = "") -> dict[str, click.Command]:
    """Every command of a group, by its name, with those below it."""
    context, found = click.Context(group), dict[str, click.Command]()
    for name in group.list_commands(context):
        command: Any = group.get_command(context, name)
        found[f"{above}{name}"] = command
        if isinstance(command, click.Group):
            found |= below(command, f"{name} ")
    return found


COMMANDS = below(operations)
WRITING_COMMANDS = set(COMMANDS) - set(NO_OPERATIONS)
