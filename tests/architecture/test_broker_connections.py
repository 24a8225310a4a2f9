"""No connection to the broker waits forever: all are made where every wait has a limit."""

import ast

import pytest

from tests.architecture.sources import Source, sources

ALLOWED = {
    "services/foundation/amqp/publishing.py": "where they are made",
    "operations/servers/rabbitmq.py": "it only shakes hands, which has a limit",
}


def modules() -> list[Source]:
    return [source for folder in ("services", "operations", "gateway") for source in sources(folder)]


def connects(nodes: list[ast.AST]) -> bool:
    """Whether a module makes a connection of kombu itself, by a class that it imports from there or derives."""
    names = {alias.asname or alias.name for node in nodes if isinstance(node, ast.ImportFrom)
             and (node.module or "").partition(".")[0] == "kombu" for alias in node.names if alias.name == "Connection"}
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    bases = [base for node in nodes if isinstance(node, ast.ClassDef) for base in node.bases]
    return any(isinstance(each, ast.Name) and each.id in names for each in (*calls, *bases))


def test_connections_are_made_where_every_wait_has_a_limit() -> None:
    assert {str(source) for source in modules() if connects(source.nodes)} == set(ALLOWED)


@pytest.mark.parametrize(("code", "found"), [
    ("from kombu import Connection\nwith Connection(uri) as connection: ...", True),
    ("from kombu.connection import Connection as Line\nLine(uri).connect()", True),
    ("from kombu import Connection\nclass Line(Connection): ...", True),
    ("from kombu import Connection\ndef ask(connection: Connection) -> None: ...", False),
    ("from sqlalchemy.engine import Connection\nConnection(engine)", False),
])
def test_a_connection_made_elsewhere_is_noticed(code: str, found: bool) -> None:
    assert connects(list(ast.walk(ast.parse(code)))) is found
