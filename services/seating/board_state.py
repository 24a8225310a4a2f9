"""What a seat board says at one moment, and why it may refuse."""

import datetime as dt
from dataclasses import dataclass


class SeatsHeld(Exception):
    """Some of the seats wanted, those in `seats`, are taken; none was held."""

    def __init__(self, seats: list[str]) -> None:
        super().__init__(seats)
        self.seats = seats


class BoardCold(Exception):
    """Redis has no board of this screening, so it must be rebuilt from MariaDB first."""


class LockLost(Exception):
    """A rebuild took longer than its lock, so its result was refused."""


@dataclass(frozen=True)
class Mark:
    """One field of a board: `state` is H (held) or S (sold).

    `deadline_ms`: when a hold ends, in milliseconds since 1970 by Redis' clock; 0 for a sold seat. `writing_ms`: until
    then the hold's order may still be being written.
    """

    state: str
    owner: str
    deadline_ms: int = 0
    writing_ms: int = 0

    @classmethod
    def parse(cls, value: str) -> "Mark":
        """The mark that Redis keeps as `value`; the inverse of str()."""
        state, owner, deadline, writing = value.split("|")
        return cls(state, owner, int(deadline), int(writing))

    def __str__(self) -> str:
        return f"{self.state}|{self.owner}|{self.deadline_ms}|{self.writing_ms}"


@dataclass(frozen=True)
class BoardSnapshot:
    """A board at one moment. `version` rises with every change; `marks` has the taken seats by id, and no free ones."""

    version: int
    marks: dict[str, Mark]

    @property
    def taken(self) -> dict[str, str]:
        """The taken seats: seat id -> "held" or "sold"."""
        return {seat: "sold" if mark.state == "S" else "held" for seat, mark in self.marks.items()}


def milliseconds(moment: dt.datetime) -> int:
    """An aware moment in milliseconds since 1970, cut, as the board has it."""
    return int(moment.timestamp() * 1000)
