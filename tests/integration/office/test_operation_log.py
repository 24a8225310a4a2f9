"""The log in MariaDB: appended to once, by one process at a time, and never changed unseen."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import nameko
import pytest
from click.testing import CliRunner
from sqlalchemy.exc import DBAPIError

from operations.checks.operation_log import verify, verify_log_command
from services.foundation.database import Transactions
from services.office import store
from testbed.mesh import Mesh
from tests.integration.office.conftest import append, execute, no_triggers

AT_ONCE, OPERATIONS = 12, 120


def faults(office: Transactions) -> list[str]:
    found, _ = verify(office.engine)
    return [f"{fault.number} {fault.text}" for fault in found]


def numbers(office: Transactions) -> list[int]:
    return [entry.number for entry in office.read(lambda tx: list(store.all_entries(tx)))]


def test_an_operation_that_is_told_twice_is_logged_once(office: Transactions) -> None:
    assert append(office, "a", "b", "a") == [True, True, False]
    assert numbers(office) == [1, 2]
    assert faults(office) == []


def rush(office: Transactions) -> None:
    """Many processes append at once; each operation is told twice."""
    with ThreadPoolExecutor(AT_ONCE) as processes:
        list(processes.map(lambda n: append(office, f"o{n % (OPERATIONS // 2)}"), range(OPERATIONS)))


def test_processes_that_append_at_once_leave_no_gap_and_no_fork(office: Transactions) -> None:
    rush(office)
    assert numbers(office) == list(range(1, OPERATIONS // 2 + 1))
    assert faults(office) == []


@pytest.fixture
def no_guards(monkeypatch: pytest.MonkeyPatch, office: Transactions) -> Iterator[None]:
    """Nobody locks the head, no number is unique, and no trigger watches."""
    monkeypatch.setattr(store, "lock_head", store.read_head)
    with no_triggers(office.engine):
        execute(office.engine, "ALTER TABLE entry DROP PRIMARY KEY, DROP INDEX operation_id")
        yield
        execute(office.engine, "TRUNCATE TABLE entry",
                "ALTER TABLE entry ADD PRIMARY KEY (number), ADD UNIQUE INDEX operation_id (operation_id)")


def test_the_log_forks_without_the_lock(office: Transactions, no_guards: None) -> None:
    """The negative control."""
    rush(office)
    assert faults(office)


@pytest.mark.parametrize("statement", [
    "UPDATE entry SET actor = 'Bob' WHERE number = 2", "DELETE FROM entry WHERE number = 3", "DELETE FROM entry",
    "UPDATE head SET number = 1", "UPDATE head SET number = 4", "UPDATE head SET digest = 'f'", "DELETE FROM head",
    "REPLACE INTO entry SELECT * FROM entry WHERE number = 3"])
def test_nothing_can_change_or_delete_an_entry(office: Transactions, statement: str) -> None:
    append(office, "a", "b", "c")
    with pytest.raises(DBAPIError, match="append-only"):
        execute(office.engine, statement)
    assert numbers(office) == [1, 2, 3]
    assert faults(office) == []


COPY = ("INSERT INTO entry SELECT {number}, previous, digest, content, 'forged', actor_id, actor, method, about, "
        "cinema_id, operated_at, amount, currency, source_id FROM entry WHERE number = 2")
TAMPERING = {
    "changed": ("UPDATE entry SET content = REPLACE(content, '\"stock\":2', '\"stock\":9') WHERE number = 2", 2),
    "changed in a column": ("UPDATE entry SET actor = 'Bob' WHERE number = 2", 2),
    "deleted": ("DELETE FROM entry WHERE number = 2", 2),
    "deleted at the end": ("DELETE FROM entry WHERE number = 4", 4),
    "deleted at the end, with the head": (
        "DELETE FROM entry WHERE number = 4; UPDATE head SET number = 3", 3),
    "inserted": (f"UPDATE entry SET number = number + 10 WHERE number > 2; {COPY.format(number=3)}; "
                 "UPDATE entry SET number = number - 9 WHERE number > 10; UPDATE head SET number = 5", 3),
    "inserted at the end": (COPY.format(number=5), 5),
    "reordered": ("UPDATE entry SET number = 9 WHERE number = 2; UPDATE entry SET number = 2 WHERE number = 3; "
                  "UPDATE entry SET number = 3 WHERE number = 9", 2),
}


@pytest.mark.parametrize(("statements", "number"), TAMPERING.values(), ids=list(TAMPERING))
def test_the_verification_names_the_entry_that_was(office: Transactions, statements: str, number: int) -> None:
    append(office, "a", "b", "c", "d")
    with no_triggers(office.engine):
        execute(office.engine, *statements.split("; "))
    assert faults(office)[0].startswith(f"{number} ")


def verify_log(mesh: Mesh, *arguments: str) -> tuple[int, str]:
    with nameko.config.patch(mesh.settings):
        done = CliRunner().invoke(verify_log_command, arguments)
    return done.exit_code, done.output


def test_the_command_exits_with_1_and_names_the_number(servers: Mesh, office: Transactions) -> None:
    append(office, "a", "b", "c")
    status, text = verify_log(servers)
    assert (status, "The log is whole. Its last entry: 3:" in text) == (0, True)
    with no_triggers(office.engine):
        execute(office.engine, "UPDATE entry SET actor = 'Bob' WHERE number = 2")

    status, found = verify_log(servers)
    assert (status, "entry 2 was changed" in found) == (1, True)

    with no_triggers(office.engine):   # all of it written anew: the chain is whole, and another
        execute(office.engine, "TRUNCATE TABLE entry", f"UPDATE head SET number = 0, digest = '{'0' * 64}'")
    append(office, "x", "y", "z")
    assert verify_log(servers)[0] == 0
    status, anew = verify_log(servers, "--noted", text.split()[-1])
    assert (status, "entry 3 is not the one that was noted" in anew) == (1, True)
    assert verify_log(servers, "--noted", "three")[0] == 2
