"""The statuses of a ticket, and when its snacks are needed. Pure: no I/O."""

import datetime as dt
import secrets

from schemas.errors import FieldsInvalid
from schemas.kitchen import TooEarlyToBegin, UndoOver, WrongPickUpCode

# Every change that is allowed; `tickets.move` refuses any other.
TRANSITIONS: dict[str, frozenset[str]] = {
    "reserved": frozenset({"released", "new", "given_up"}),
    "released": frozenset({"new", "given_up"}),  # new: its payment came late
    "new": frozenset({"preparing", "given_up", "expired"}),
    "preparing": frozenset({"ready", "uncollected", "new"}),
    "ready": frozenset({"collected", "uncollected", "preparing"}),
    "collected": frozenset({"ready"}),
    "given_up": frozenset(),
    "uncollected": frozenset(),
    "expired": frozenset({"given_up"}),  # the refund was asked for in time, and the kitchen was away
}
# The statuses in which snacks wait, and their status once the screening is over.
AFTER_SCREENING = {"new": "expired", "preparing": "uncollected", "ready": "uncollected"}
WAITING = tuple(AFTER_SCREENING)
BEFORE = {"preparing": "new", "ready": "preparing", "collected": "ready"}  # where an undone step leads back to
TRAVEL = dt.timedelta(seconds=2)  # that a cook's undo may be on its way
STALE_AFTER = dt.timedelta(hours=12)  # a ticket that was needed so long ago is not in the queue any more
GIVES_BACK = frozenset({"released", "given_up"})  # the snacks are back in the stock
LETTERS, DIGITS = "ABCDEFGHKLMNPRSTUVWXYZ", "23456789"  # none that people mistake for another


def may_become(status: str, target: str) -> bool:
    """Whether TRANSITIONS allows the step from `status` to `target`."""
    return target in TRANSITIONS[status]


def needed_at(starts_at: dt.datetime, before_start: dt.timedelta) -> dt.datetime:
    """When the snacks should be ready: `before_start` before their screening."""
    return starts_at - before_start


def check_begins(begins_at: dt.datetime, now: dt.datetime) -> None:
    """Raises TooEarlyToBegin before `begins_at`."""
    if now < begins_at:
        raise TooEarlyToBegin(begins_at=begins_at.isoformat())


def check_undo(status: str, kept: bool, stepped_at: dt.datetime | None, undo: dt.timedelta, now: dt.datetime) -> None:
    """Raises UndoOver unless the step to `status` was taken at most `undo` ago.

    `kept`: the order was refunded without its snacks, because the kitchen had begun; so it has.
    """
    if stepped_at is None or now > stepped_at + undo + TRAVEL or (kept and BEFORE[status] == "new"):
        raise UndoOver()


def waiting_ends_at(needed_at: dt.datetime, ends_at: dt.datetime | None) -> dt.datetime:
    """When the snacks wait no longer: at the screening's end, or STALE_AFTER if the order does not say when that is."""
    return ends_at or needed_at + STALE_AFTER


def new_pick_up_code() -> str:
    """A random letter and three digits: short to say, and enough for all waiting guests of a cinema."""
    return secrets.choice(LETTERS) + "".join(secrets.choice(DIGITS) for _ in range(3))


def check_code(expected: str, given: str | None) -> None:
    """Raises WrongPickUpCode if the codes differ in more than spaces and case. None: staff has seen the order."""
    if given is not None and "".join(given.split()).upper() != expected:
        raise WrongPickUpCode()


def check_distinct(skus: list[str]) -> None:
    """Raises FieldsInvalid if a snack is named twice."""
    if len(set(skus)) != len(skus):
        raise FieldsInvalid(fields={"snacks": ["The same snack is named twice."]})
