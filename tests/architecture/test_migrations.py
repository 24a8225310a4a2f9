"""Migrations run beside rooms of the version before, and each has a way back."""

import re
from collections.abc import Iterator

import nameko
import pytest
from alembic.script import Script

from operations.maintenance.downgrades import statements
from services.foundation import migrate

# These were made before the rule: with them, rooms of the version before could not go on working.
BEFORE_THE_RULE = {
    "order 0003": "outbox columns were renamed, before anything was published from it",
    "order 0004": "refund_until became refund_tiers, and new columns of refund are required",
    "order 0006": "revived is required",
    "order 0007": "the columns of snacks are required",
    "order 0009": "refund.ask_again_at is required",
    "payment 0002": "the columns of the sandbox are required",
    "payment 0003": "refund.attempt is required",
    "payment 0006": "refund.covered is required",
}
TAKEN_AWAY = re.compile(r"^DROP TABLE|^ALTER TABLE \S+ (?:DROP COLUMN|RENAME)", re.MULTILINE)
RENAMED = re.compile(r"^ALTER TABLE \S+ CHANGE (\S+) (?!\1 )", re.MULTILINE)
ADDED = re.compile(r"^ALTER TABLE (\S+) ADD COLUMN (\S+) ([^;]+);", re.MULTILINE)


def breaches(sql: str) -> Iterator[str]:
    """What a room of the version before would miss after this upgrade."""
    yield from (f"takes away: {found}" for found in TAKEN_AWAY.findall(sql))
    yield from (f"renames {column}" for column in RENAMED.findall(sql))
    for table, column, definition in ADDED.findall(sql):
        if is_required(definition) or loses_its_default(sql, table, column):
            yield f"requires {table}.{column}, which such a room does not write"


def is_required(definition: str) -> bool:
    return "NOT NULL" in definition and "DEFAULT" not in definition


def loses_its_default(sql: str, table: str, column: str) -> bool:
    changes = re.findall(rf"^ALTER TABLE {table} (?:MODIFY|CHANGE {column}) {column} ([^;]+);", sql, re.MULTILINE)
    dropped = re.search(rf"^ALTER TABLE {table} [^;]*ALTER (?:COLUMN )?{column} DROP DEFAULT", sql, re.MULTILINE)
    return bool(dropped) or any(map(is_required, changes))


def migrations() -> Iterator[tuple[str, Script]]:
    for room in migrate.rooms_with_tables():
        for script in migrate.history(room):
            yield f"{room} {script.revision}", script


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, Script]]:
    uris = {f"{room}:Base": "mysql+pymysql://nowhere/" for room in migrate.rooms_with_tables()}
    with nameko.config.patch({"DB_URIS": uris}):
        yield dict(migrations())


def test_a_migration_is_safe_beside_rooms_of_the_version_before(scripts: dict[str, Script]) -> None:
    """Add first, with a default. Take away a version later, when no room that runs uses it any more; then list it."""
    found = {name: list(breaches(statements(script, "upgrade"))) for name, script in scripts.items()}
    assert {name: each for name, each in found.items() if each and name not in BEFORE_THE_RULE} == {}
    assert [name for name in BEFORE_THE_RULE if not found[name]] == []


@pytest.mark.parametrize(("sql", "breach"), [
    ("DROP TABLE a;", "takes away"),
    ("ALTER TABLE a DROP COLUMN b;", "takes away"),
    ("ALTER TABLE a CHANGE b c INTEGER;", "renames b"),
    ("ALTER TABLE a ADD COLUMN b INTEGER NOT NULL;", "requires a.b"),
    ("ALTER TABLE a ADD COLUMN b INTEGER NOT NULL DEFAULT '0';\nALTER TABLE a MODIFY b INTEGER NOT NULL;", "requires"),
    ("ALTER TABLE a ADD COLUMN b INTEGER NOT NULL DEFAULT '0';\nALTER TABLE a ALTER b DROP DEFAULT;", "requires a.b"),
    ("ALTER TABLE a ADD COLUMN b BOOL NOT NULL DEFAULT false;\nALTER TABLE a ALTER COLUMN b DROP DEFAULT;", "requires"),
])
def test_a_breach_of_the_rule_is_noticed(sql: str, breach: str) -> None:
    assert [found for found in breaches(sql) if found.startswith(breach)]


@pytest.mark.parametrize("sql", [
    "CREATE TABLE a (b INTEGER NOT NULL);", "ALTER TABLE a ADD COLUMN b INTEGER;",
    "ALTER TABLE a MODIFY b BIGINT NOT NULL;",
    "ALTER TABLE a ADD COLUMN b INTEGER NOT NULL DEFAULT '0';", "ALTER TABLE a CHANGE b b BIGINT NOT NULL;",
])
def test_what_is_added_is_no_breach(sql: str) -> None:
    assert list(breaches(sql)) == []


def test_each_migration_has_a_way_back(scripts: dict[str, Script]) -> None:
    assert [name for name, script in scripts.items() if not statements(script, "downgrade").strip()] == []
