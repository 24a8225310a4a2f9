"""How the operation log is chained, and what is wrong with a chain or with the money in it. Pure: no I/O.

The digest of an entry is the SHA-256, in hex, of three lines in UTF-8: its number, the digest of the entry before it
(FIRST for entry 1), and its content. The content is canonical JSON: keys sorted, no spaces, text not escaped.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

FIRST = "0" * 64
Fields = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """An entry of the log as it is stored. `facts`: what its columns say of its content, in the order of FACTS."""

    number: int
    previous: str
    digest: str
    content: bytes
    facts: tuple[Any, ...]


class Head(NamedTuple):
    """The last number of the log, and the digest of that entry."""

    number: int
    digest: str


class Fault(NamedTuple):
    """What is wrong with the log, at which number."""

    number: int
    text: str


class Movement(NamedTuple):
    """Money that the log or another room says has moved, for one source; negative: out of the house."""

    source_id: str
    currency: str
    amount: int


# The columns by which the log is searched; each is also in the content.
FACTS = ("operation_id", "actor_id", "actor", "method", "about", "cinema_id", "operated_at", "amount", "currency",
         "source_id")


def canonical(operation: Fields) -> bytes:
    """An operation in JSON types as the log keeps it."""
    return json.dumps(operation, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(number: int, previous: str, content: bytes) -> str:
    """The digest of an entry, in hex."""
    return hashlib.sha256(f"{number}\n{previous}\n".encode() + content).hexdigest()


def facts(operation: Fields) -> Fields:
    """The columns of an operation in JSON types, by FACTS."""
    values = {**operation, **(operation.get("money") or {}),
              "operated_at": dt.datetime.fromisoformat(operation["operated_at"])}
    return {name: values.get(name) for name in FACTS}


def faults(entries: Iterable[Entry], head: Head, start: Head | None = None) -> Iterator[Fault]:
    """Everything that is wrong with the log, whose entries are in the order of their numbers.

    `start`: only those that follow this one are given.
    """
    last = start or Head(0, FIRST)
    for entry in entries:
        if entry.number != last.number + 1:
            yield Fault(last.number + 1, f"is missing: entry {entry.number} follows {last.number}")
        elif entry.previous != last.digest:
            yield Fault(entry.number, "does not follow the entry before it: one of the two was replaced or moved")
        if digest(entry.number, entry.previous, entry.content) != entry.digest:
            yield Fault(entry.number, "was changed: its digest is another")
        elif entry.facts != _facts_in(entry.content):
            yield Fault(entry.number, "was changed: its columns say something else than its content")
        last = Head(entry.number, entry.digest)
    if last.number < head.number:
        yield Fault(last.number + 1, f"is missing: {head.number} entries were written")
    elif last.number > head.number:
        yield Fault(head.number + 1, f"was inserted: {head.number} entries were written")
    elif last != head:
        yield Fault(head.number, "was replaced: the last that was written has another digest")


def _facts_in(content: bytes) -> tuple[Any, ...] | None:
    """What the content says of its columns; None where it is no operation, which `append` never writes."""
    try:
        return tuple(facts(json.loads(content)).values())
    except (ValueError, TypeError, AttributeError, KeyError):
        return None


def differences(logged: Iterable[Movement], moved: Iterable[Movement]) -> list[Fields]:
    """The sources whose money in the log is not what has moved, in the fields of schemas.office.MoneyDifference."""
    ours, theirs = _sums(logged), _sums(moved)
    found = []
    for key in sorted(ours.keys() | theirs.keys()):
        if (here := ours.get(key, 0)) != (there := theirs.get(key, 0)):
            kind = "not_logged" if key not in ours else "not_moved" if key not in theirs else "other_amount"
            found.append({"kind": kind, "source_id": key[0], "currency": key[1], "logged": here, "moved": there})
    return found


def _sums(movements: Iterable[Movement]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for source_id, currency, amount in movements:
        sums[source_id, currency] = sums.get((source_id, currency), 0) + amount
    return sums
