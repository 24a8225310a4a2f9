"""SQL stands in store modules, so everybody knows where to look for what reads or writes a table."""

import ast

import pytest

from tests.architecture.sources import Source, sources

STATEMENTS = {"select", "insert", "update", "delete", "text"}
# Foundation has tables of its own in every room, and these modules are stores by another name.
ELSEWHERE = {
    "services/kitchen/stock.py": "the store of snacks, beside that of tickets",
    "services/user/search/index.py": "the index of accounts, which is tables and their queries",
}
PROVIDER = "services/payment/sandbox/"  # it plays a provider outside: its tables are not the room's


def room_modules() -> list[Source]:
    return [source for source in sources("services")
            if not source.is_migration and not str(source).startswith(("services/foundation/", PROVIDER))]


def is_store(source: Source) -> bool:
    return source.path.stem == "store" or source.path.stem.endswith("_store")


def statements(tree: ast.Module) -> set[str]:
    """The SQL statements that a module imports from SQLAlchemy, to build some."""
    return {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
            and (node.module or "").partition(".")[0] == "sqlalchemy" for alias in node.names} & STATEMENTS


def test_sql_stands_in_store_modules_except_where_it_is_said() -> None:
    assert {str(source) for source in room_modules() if not is_store(source) and statements(source.tree)} == set(
        ELSEWHERE)


@pytest.mark.parametrize(("code", "found"), [
    ("from sqlalchemy import Row, select", {"select"}),
    ("from sqlalchemy.dialects.mysql import insert as upsert", {"insert"}),
    ("from sqlalchemy import Row\nfrom sqlalchemy.engine import Connection", set()),
])
def test_sql_elsewhere_is_noticed(code: str, found: set[str]) -> None:
    assert statements(ast.parse(code)) == found
