"""The steps of an order's snacks, and when they are needed. Pure: no I/O, `now` is an argument."""

import datetime as dt
import secrets

from schemas.errors import FieldsInvalid
from schemas.kitchen import WrongPickUpCode

# Every change there is; whatever is not here can't happen. `store.move` asks this table.
TRANSITIONS: dict[str, frozenset[str]] = {
    "reserved": frozenset({"released", "new", "given_up"}),
    "released": frozenset({"new", "given_up"}),  # new: its payment came late
    "new": frozenset({"preparing", "given_up"}),
    "preparing": frozenset({"ready"}),
    "ready": frozenset({"collected"}),
    "collected": frozenset(),
    "given_up": frozenset(),
}
WAITING = ("new", "preparing", "ready")
LET_GO_AFTER = dt.timedelta(hours=12)  # what nobody has fetched so long after it was needed, nobody will
GIVES_BACK = frozenset({"released", "given_up"})  # the stock has it again
LETTERS, DIGITS = "ABCDEFGHKLMNPRSTUVWXYZ", "23456789"  # none that is taken for another


def may_become(status: str, target: str) -> bool:
    return target in TRANSITIONS[status]


def needed_at(starts_at: dt.datetime, before_start: dt.timedelta) -> dt.datetime:
    """When the snacks should be ready."""
    return starts_at - before_start


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
