"""What the way back through migrations would lose, and what forbids it.

A migration names in `BLOCKS_DOWNGRADE` which rows forbid its way back: a sentence about the first of them, and a table
with a condition. What is lost is read from the SQL of its `downgrade`.
"""

import re
from collections.abc import Iterator, Sequence
from io import StringIO

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script
from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

DROPPED_TABLE = re.compile(r"^DROP TABLE `?(\w+)`?;", re.MULTILINE)
DROPPED_COLUMN = re.compile(r"^ALTER TABLE `?(\w+)`? DROP COLUMN `?(\w+)`?;", re.MULTILINE)
DELETED_ROWS = re.compile(r"^DELETE FROM (\w+) WHERE ([^;]+);", re.MULTILINE)
# Values of a column that mean "nothing", where it has no default.
NOTHING = "('', '0', '[]', '{}')"


def statements(script: Script, way: str) -> str:
    """The SQL of a migration's `upgrade` or `downgrade`, which is not executed."""
    output = StringIO()
    context = MigrationContext.configure(dialect_name="mysql", opts={"as_sql": True, "output_buffer": output})
    with Operations.context(context):
        getattr(script.module, way)()
    return output.getvalue()


def blockers(tx: Connection, plan: Sequence[Script]) -> list[str]:
    """A sentence for each thing in the schema that forbids to revert one of these migrations."""
    found = []
    for script in plan:
        for reason, rows in getattr(script.module, "BLOCKS_DOWNGRADE", {}).items():
            if count := tx.execute(text(f"SELECT COUNT(*) FROM {rows}")).scalar():  # noqa: S608 - a migration's own
                found.append(f"{script.revision}: {reason} ({count}).")
    return found


def losses(tx: Connection, plan: Sequence[Script]) -> list[str]:
    """A sentence for each kind of data that would be lost by reverting these migrations, in this order."""
    dropped = set[str]()
    found = []
    for script in plan:
        sql = statements(script, "downgrade")
        tables = DROPPED_TABLE.findall(sql)
        dropped |= set(tables)
        for what, count in [*_rows_of_tables(tx, tables), *_values_of_columns(tx, sql, dropped), *_deleted(tx, sql)]:
            if count:
                found.append(f"{script.revision}: {what} ({count})")
    return found


def _rows_of_tables(tx: Connection, tables: Sequence[str]) -> Iterator[tuple[str, int]]:
    for table in tables:
        if _columns(tx, table):
            yield f"every row of {table}", _count(tx, f"`{table}`")


def _values_of_columns(tx: Connection, sql: str, dropped: set[str]) -> Iterator[tuple[str, int]]:
    for table, name in DROPPED_COLUMN.findall(sql):
        column = _columns(tx, table).get(name)
        if column is not None and table not in dropped and not column.generation_expression:
            yield f"{table}.{name}, of the rows that have one", _count(tx, f"`{table}` WHERE {_has_value(column)}")


def _deleted(tx: Connection, sql: str) -> Iterator[tuple[str, int]]:
    for table, condition in DELETED_ROWS.findall(sql):
        yield f"some rows of {table}", _count(tx, f"`{table}` WHERE {condition}")


def _has_value(column: Row[tuple[str, ...]]) -> str:
    if column.column_default is None and column.is_nullable == "NO":
        return f"CAST(`{column.column_name}` AS CHAR) NOT IN {NOTHING}"
    return f"NOT (`{column.column_name}` <=> DEFAULT(`{column.column_name}`))"


def _columns(tx: Connection, table: str) -> dict[str, Row[tuple[str, ...]]]:
    query = text("SELECT column_name, column_default, is_nullable, generation_expression "
                 "FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = :table")
    return {row.column_name: row for row in tx.execute(query, {"table": table})}


def _count(tx: Connection, rows: str) -> int:
    return int(tx.execute(text(f"SELECT COUNT(*) FROM {rows}")).scalar_one())  # noqa: S608 - names of our own
