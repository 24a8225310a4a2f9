"""The operation log is whole: no entry was changed, deleted, inserted or moved."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import click
from nameko import config
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from operations.checks.snapshot import Snapshot
from operations.operator_error import OperatorError
from services.foundation.database import make_engine
from services.office import rules, store
from services.office.rules import Fault, Head


def operation_log_is_whole(snapshot: Snapshot) -> Iterator[str]:
    faults, _ = verify(snapshot.office, snapshot.since)
    yield from (f"entry {fault.number} {fault.text}" for fault in faults)


def verify(office: Engine, since: dt.datetime | None = None) -> tuple[list[Fault], Head]:
    """What is wrong with the log, or with what stands in it behind the last entry from before `since`; and its head."""
    # One picture of both tables, though entries are appended meanwhile.
    with office.connect().execution_options(isolation_level="REPEATABLE READ") as tx:
        head = store.read_head(tx)
        start = None if since is None else store.last_before(tx, since)
        return list(rules.faults(store.all_entries(tx, start), head, start)), head


@contextmanager
def _office() -> Iterator[Engine]:
    engine = make_engine(config["DB_URIS"]["office:Base"])
    try:
        yield engine
    except OperationalError as problem:
        raise OperatorError(f"The office room's database does not answer: {problem.orig}") from None
    finally:
        engine.dispose()


@click.command("verify-log")
@click.option("--noted", metavar="NUMBER:DIGEST", help="An entry as it was noted at an earlier verification.")
def verify_log_command(noted: str | None) -> None:
    """Find entries of the operation log that were changed, deleted, inserted or moved; exits with 1 if there are any.

    Somebody who may do everything to the database could write the whole log anew. So note the last line outside of it,
    and give it with --noted next time.
    """
    with _office() as engine:
        faults, head = verify(engine)
        found = [f"entry {fault.number} {fault.text}" for fault in faults]
        if noted and not _has(engine, noted):
            found.append(f"entry {noted.partition(':')[0]} is not the one that was noted")
    for line in found:
        click.echo(line)
    click.echo(f"{len(found)} faults" if found else f"The log is whole. Its last entry: {head.number}:{head.digest}")
    if found:
        raise SystemExit(1)


def _has(office: Engine, noted: str) -> bool:
    number, _, digest = noted.partition(":")
    if not number.isdecimal():
        raise click.BadParameter("a number, a colon and a digest are expected", param_hint="--noted")
    with office.connect() as tx:
        return store.digest_of(tx, int(number)) == digest
