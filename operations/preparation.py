"""Prepares a mesh before its processes start: schemas, queues, the demo programme and some sold seats."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.servers.base import ServerState


def migrate(mesh: Mesh) -> None:
    """Upgrade the schema of every room to its newest revision. Raises OperatorError like `migration_errors`."""
    with migration_errors(mesh):
        migrations().upgrade_all()


@contextmanager
def migration_errors(mesh: Mesh) -> Iterator[None]:
    """Raise OperatorError when MariaDB does not answer or refuses, or a schema must not be changed, or not now."""
    refusals = importlib.import_module("sqlalchemy.exc").DBAPIError
    if mesh.mariadb.state() is not ServerState.READY:
        raise OperatorError(f"MariaDB does not answer at {mesh.mariadb.where}.")
    try:
        yield
    except (TimeoutError, migrations().SchemaRefused) as problem:
        raise OperatorError(str(problem)) from None
    except refusals as problem:
        raise OperatorError(f"MariaDB at {mesh.mariadb.where} refuses: {problem.orig}") from None


def migrations() -> ModuleType:
    """The module of migrations, imported only here: most commands are quick because they do without SQLAlchemy."""
    return importlib.import_module("services.foundation.migrate")


def import_rooms(mesh: Mesh) -> None:
    """Import the code that says which events there are, which takes a while."""
    importlib.import_module("operations.event_commands").subscriptions(mesh)


def declare_events(mesh: Mesh) -> None:
    """Declare the queues of all events, so that even the first event finds them."""
    importlib.import_module("operations.event_commands").declare(mesh)


def load_demo(mesh: Mesh) -> None:
    """Load the demo programme; loading it again changes nothing."""
    if (demo := demo_of(mesh)) and (command := find("operations.programme_loading:load_command")):
        with redirect_stdout(StringIO()):
            command.main([str(demo)], standalone_mode=False)


def sell_demo_seats(mesh: Mesh) -> None:
    """Sell some seats of the demo programme, so that its halls look alive."""
    if (demo := demo_of(mesh)) and (function := find("operations.demo.sales:sell_demo_seats")):
        try:
            function(demo)
        except Exception as error:  # empty halls are no reason to stop a healthy mesh
            click.echo(f"No seats of the demo programme were sold: {error}", err=True)


def demo_of(mesh: Mesh) -> Path | None:
    """The demo programme, or None outside `environment: local`."""
    demo = mesh.root / "programme" / "demo.yml"
    return demo if mesh.settings["environment"] == "local" and demo.exists() else None


def find(address: str) -> Any | None:
    """What `module:name` names, or None when there is no such module."""
    module, _, name = address.partition(":")
    return getattr(importlib.import_module(module), name) if find_spec(module) else None


