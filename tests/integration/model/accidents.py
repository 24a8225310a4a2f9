"""What may go wrong at a chosen moment: a room dies, or a commit, a call or a word to Redis has no known outcome."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from sqlalchemy.engine import Connection, Engine

from schemas.errors import RoomSilent
from services.foundation.database import CommitUnknown, Transactions
from services.payment.payment_state import Charge
from services.payment.sandbox.provider import Sandbox

T = TypeVar("T")
Kind = Literal["before", "after", "undone", "done", "later", "fault", "nonsense"]


class Crash(BaseException):
    """The process of a room ends here."""


@dataclass
class Accident:
    """At the `countdown`-th time, from 0, that this place is passed.

    place   `order`, `payment`, `kitchen`: where that room commits; `>payment`, `>kitchen`: where that room is called;
            `board`: where Redis is to write
    kind    before, after: the room dies then; undone, done: nobody learns whether it was done; later: it is done
            after its caller has given up; fault: the room called has a bug; nonsense: it did it, and answers that
    """

    place: str
    kind: Kind
    countdown: int


@dataclass
class Accidents:
    """The accident to come, and those that have happened in this step."""

    planned: Accident | None = None
    happened: list[str] = field(default_factory=list)
    late: list[Callable[[], object]] = field(default_factory=list)   # what others were asked for, and have yet to do
    # The same of Redis, and until when it may do that.
    late_writes: list[tuple[dt.datetime, Callable[[], object]]] = field(default_factory=list)

    @property
    def faults(self) -> bool:
        """Whether a room has had a bug in this step, and nothing else was wrong."""
        return bool(self.happened) and all(what.endswith((" fault", " nonsense")) for what in self.happened)

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """What happens here, happens without an accident."""
        planned, self.planned = self.planned, None
        yield
        self.planned = planned

    def passes(self, place: str) -> Kind | None:
        """What happens to whoever passes this place now."""
        accident = self.planned
        if accident is None or accident.place != place:
            return None
        accident.countdown -= 1
        if accident.countdown >= 0:
            return None
        self.planned = None
        self.happened.append(f"{place} {accident.kind}")
        return accident.kind


class BreakableTransactions(Transactions):
    """A room's transactions, around whose commits it may die or lose the line."""

    def __init__(self, engine: Engine, room: str, accidents: Accidents) -> None:
        super().__init__(engine)
        self._room, self._accidents = room, accidents

    def run(self, work: Callable[[Connection], T]) -> T:
        match self._accidents.passes(self._room):
            case "before":
                return super().run(_then(work, Crash()))
            case "undone":
                return super().run(_then(work, CommitUnknown()))
            case "after":
                super().run(work)
                raise Crash
            case "done":
                super().run(work)
                raise CommitUnknown
        return super().run(work)


def _then(work: Callable[[Connection], T], end: BaseException) -> Callable[[Connection], T]:
    def fail_after_work(tx: Connection) -> T:
        work(tx)
        raise end

    return fail_after_work


class WatchedSandbox(Sandbox):
    """The sandbox; when it was told to give no answer, the model has to know that it did so."""

    def __init__(self, database: Transactions, accidents: Accidents) -> None:
        super().__init__(database)
        self._accidents = accidents

    def _answer(self, what: str, charge: Charge, work: Callable[[Connection], Any]) -> Any:
        try:
            return super()._answer(what, charge, work)
        except RoomSilent:
            self._accidents.happened.append(f"sandbox is silent on {what}")
            self._accidents.late.append(lambda: super(WatchedSandbox, self)._answer(what, charge, work))
            raise
