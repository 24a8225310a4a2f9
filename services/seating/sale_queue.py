"""The queue of a screening in high demand: who waits, in which order, and who has a pass.

    queue:{<screening>}          mode (auto, hand: open; closed: by hand), busy_until (attempts to buy, counted by
                                 hold.lua), drawn_at, is_drawn, last_number, and when the next one is let in
    queue:{<screening>}:line     account -> number, of those who wait; before the draw, a random lot
    queue:{<screening>}:away     the same of those who did not ask when it was their turn
    queue:{<screening>}:seen     account -> when it asked last
    queue:{<screening>}:passes   account -> when its pass ends, of those who hold no seats yet

All moments are ms by the clock of Redis. The queue keeps order in a rush; who owns a seat never depends on it.
Lost with Redis, it is closed: whoever was in it buys without a pass, or begins anew in the next queue.
"""

import datetime as dt
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis as Client

from schemas.errors import RoomUnavailable
from services.foundation.redis_client import RedisError

SCRIPTS = Path(__file__).parent / "scripts" / "queue"
MOST_LOTS = 2**52   # Lua counts in floats


class QueueOpen(Exception):
    """The screening has a queue, and this buyer no pass. `drawn_at`: when numbers are drawn; None if they were."""

    def __init__(self, waiting: int, drawn_at: dt.datetime | None) -> None:
        super().__init__(waiting)
        self.waiting, self.drawn_at = waiting, drawn_at


@dataclass(frozen=True)
class PassCheck:
    """What the board needs to check a buyer's pass, and to know when the screening's queue opens by itself.

    `pass_ends_ms`: 0 without a pass. `rate`: attempts to buy per second; 0: it never opens by itself. `drawing`: how
    long it then takes before numbers are drawn.
    """

    account: str
    pass_ends_ms: int
    rate: float
    drawing: dt.timedelta

    def arguments(self) -> list[str | int | float]:
        """As hold.lua takes them."""
        return [self.account, self.pass_ends_ms, self.rate, int(self.drawing.total_seconds() * 1000)]


NO_PASS_CHECK: list[str | int | float] = ["", 0, 0, 0]   # hold.lua's arguments for a buyer who needs no pass


@dataclass(frozen=True)
class PassRules:
    """How passes are given: so many per second, so many at once with an unused pass, and for how long a pass counts.

    `absent`: who has not asked for so long is passed over.
    """

    per_second: float
    at_once: int
    passes: dt.timedelta
    absent: dt.timedelta


@dataclass(frozen=True)
class QueuePosition:
    """Where an account stands: `status` is off (no queue), absent (not in it), drawing, waiting or admitted.

    `number` and `before` (people) count while waiting, `pass_ends_ms` when admitted. `waiting`: people in the line.
    `pace`: seconds between two people of late. `let_in`: people to whom this very question gave a pass.
    """

    status: str
    number: int = 0
    before: int = 0
    pass_ends_ms: int = 0
    drawn_at: dt.datetime | None = None
    waiting: int = 0
    pace: float = 0.0
    now: dt.datetime | None = None
    let_in: int = 0


@dataclass(frozen=True)
class QueueChange:
    """A queue as somebody has set it by hand, and as it was before: modes off, auto, hand or closed."""

    before: str
    drawn_at_before: dt.datetime | None
    mode: str
    drawn_at: dt.datetime | None
    waiting: int
    passes: int


def queue_keys(screening_id: str) -> list[str]:
    """The keys of a screening's queue, in the sequence that the scripts take; in one slot of a Redis Cluster."""
    queue = f"queue:{{{screening_id}}}"
    return [queue, *(f"{queue}:{part}" for part in ("line", "away", "seen", "passes"))]


class SaleQueue:
    """The queues of all screenings. Without Redis, everything raises RoomUnavailable."""

    def __init__(self, client: Client) -> None:
        self._scripts = {path.stem: client.register_script(path.read_text()) for path in SCRIPTS.glob("*.lua")}

    def ask(self, screening_id: str, account: str, rules: PassRules, join: bool) -> QueuePosition:
        """Where the account stands now. With `join` it gets a place, once, if it has none and no pass."""
        lot = 1 + secrets.randbelow(MOST_LOTS)
        status, *facts = self._run("ask", screening_id, account, int(join), lot, rules.per_second, rules.at_once,
                                   _milliseconds(rules.passes), _milliseconds(rules.absent))
        if not facts:
            return QueuePosition(status.lower())
        number, before, ends, drawn_at, waiting, pace, now, let_in = (int(float(fact)) for fact in facts)
        return QueuePosition(status.lower(), number, before, ends, moment(drawn_at), waiting, pace / 1000, moment(now),
                             let_in)

    def open(self, screening_id: str, draw_at: dt.datetime | None, drawing: dt.timedelta) -> QueueChange:
        """Open the queue until it is closed by hand. Numbers are drawn at `draw_at`, by default after `drawing`."""
        at = int(draw_at.timestamp() * 1000) if draw_at else 0
        return self._change(screening_id, "open", at, _milliseconds(drawing))

    def close(self, screening_id: str) -> QueueChange:
        """Close the queue: everybody buys without a pass. For an hour it does not open by itself."""
        return self._change(screening_id, "close", 0, 0)

    def _change(self, screening_id: str, *arguments: str | int) -> QueueChange:
        before, drawn_before, mode, drawn, waiting, passes = self._run("change", screening_id, *arguments)
        return QueueChange(before, moment(int(drawn_before)), mode, moment(int(drawn)), waiting, passes)

    def _run(self, script: str, screening_id: str, *arguments: str | float) -> list[Any]:
        try:
            return list(self._scripts[script](queue_keys(screening_id), arguments))
        except RedisError as problem:
            raise RoomUnavailable(room="redis") from problem


def moment(milliseconds: int) -> dt.datetime | None:
    """A moment that a script has told; 0 stands for none."""
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC) if milliseconds else None


def _milliseconds(time: dt.timedelta) -> int:
    return int(time.total_seconds() * 1000)
