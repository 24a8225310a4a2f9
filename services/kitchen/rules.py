"""The steps of an order's snacks, and when they are needed. Pure: no I/O, `now` is an argument."""

import datetime as dt
import secrets

from schemas.errors import FieldsInvalid
from schemas.kitchen import WrongPickUpCode

# Every change there is; whatever is not here can't happen. `store.move` asks this table.
TRANSITIONS: dict[str, frozenset[str]] = {
    "reserved": frozenset({"released", "new", "given_up"}),
    "released": frozenset({"new", "given_up"}),  # new: its payment came late
    "new": frozenset({"preparing", "given_up", "expired"}),
    "preparing": frozenset({"ready", "uncollected"}),
    "ready": frozenset({"collected", "uncollected"}),
    "collected": frozenset(),
    "given_up": frozenset(),
    "uncollected": frozenset(),
    "expired": frozenset({"given_up"}),  # the refund was asked for in time, and the kitchen was away
}
# What waits, and what it becomes when its screening is over.
NOT_FETCHED = {"new": "expired", "preparing": "uncollected", "ready": "uncollected"}
WAITING = tuple(NOT_FETCHED)
LET_GO_AFTER = dt.timedelta(hours=12)  # what was needed so long ago is not shown any more
GIVES_BACK = frozenset({"released", "given_up"})  # the stock has it again
LETTERS, DIGITS = "ABCDEFGHKLMNPRSTUVWXYZ", "23456789"  # none that is taken for another


def may_become(status: str, target: str) -> bool:
    return target in TRANSITIONS[status]


def needed_at(starts_at: dt.datetime, before_start: dt.timedelta) -> dt.datetime:
    """When the snacks should be ready."""
    return starts_at - before_start


def over_at(needed_at: dt.datetime, ends_at: dt.datetime | None) -> dt.datetime:
    """When nobody will fetch them any more: with the screening's end, as far as the order says when that is."""
    return ends_at or needed_at + LET_GO_AFTER


def pick_up_code() -> str:
    """A letter and three digits: short to say, and enough for all that wait in a cinema."""
    return secrets.choice(LETTERS) + "".join(secrets.choice(DIGITS) for _ in range(3))


def check_code(right: str, said: str) -> None:
    """Raise WrongPickUpCode; spaces and small letters are fine."""
    if "".join(said.split()).upper() != right:
        raise WrongPickUpCode()


def check_wanted(skus: list[str]) -> None:
    if len(set(skus)) != len(skus):
        raise FieldsInvalid(fields={"snacks": ["The same snack is named twice."]})
