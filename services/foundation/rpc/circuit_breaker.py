"""Circuit breakers: a room that answers nothing is not called for a while, so that nobody waits for it in vain.

The pattern is Nygard's (Release It!). Why no library: docs/decisions/circuit-breakers.md.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from schemas.errors import CircuitOpen, OutcomeUnknown, RoomSilent
from services.foundation.amqp.publishing import Unroutable

log = logging.getLogger("marquee.circuit")
State = Literal["closed", "open", "half_open"]
FAILURES = 3                              # calls in a row, without any answer since they were sent
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 4.0     # seconds before a probe; the pause doubles with each probe that fails


@dataclass(frozen=True, eq=False)
class Attempt:
    """A call that was let through, and when."""

    started: float


class CircuitBreaker:
    """The breaker of one room: closed (it is called), open (it is not), half open (a single call probes it).

    Only silence opens it. An answer is one whatever it says, and a call that lasts longer than its deadline is merely
    slow if the room has answered another meanwhile.
    """

    def __init__(self, room: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds that only ever grow."""
        self._room, self._clock = room, clock
        self._failures = 0
        self._answered = -math.inf              # when the last answer came
        self._rests_until = self._pause = 0.0
        self._is_closed = True
        self._probe: Attempt | None = None
        self.opened_at = -math.inf              # while it is closed; otherwise when it opened

    @property
    def state(self) -> State:
        """What the next call meets: `half_open` when it would be the probe, or while one is under way."""
        if self._is_closed:
            return "closed"
        return "half_open" if self._probe or self._clock() >= self._rests_until else "open"

    def admit(self) -> Attempt:
        """Let a call through. Raises CircuitOpen while the room is left alone, and while another call probes it."""
        attempt = Attempt(self._clock())
        if not self._is_closed:
            if self._probe or attempt.started < self._rests_until:
                raise CircuitOpen(room=self._room, retry_after=max(FIRST_PAUSE, self._rests_until - attempt.started))
            self._probe = attempt
        return attempt

    def answered(self) -> None:
        """The room has answered a call."""
        self._answered = self._clock()
        self._close()

    def unanswered(self, attempt: Attempt) -> None:
        """The call got no answer: it ran into its deadline, or the room was lost meanwhile."""
        if attempt.started < self._answered:
            return
        if attempt is self._probe:
            self._open(min(2 * self._pause, LONGEST_PAUSE))
        elif self._is_closed:
            self._failures += 1
            if self._failures >= FAILURES:
                log.warning("a circuit opens", extra={"to_room": self._room})
                self.opened_at = self._clock()
                self._open(FIRST_PAUSE)

    def unsent(self, attempt: Attempt) -> None:
        """The call says nothing about the room: it was not sent, or its caller ended. Another probes after a pause."""
        if attempt is self._probe:
            self._open(self._pause)

    def absent(self) -> None:
        """The room has no process. Until it has one, calls fail by themselves, and at once."""
        self._close()

    def _open(self, pause: float) -> None:
        self._is_closed, self._probe, self._pause = False, None, pause
        self._rests_until = self._clock() + pause

    def _close(self) -> None:
        if not self._is_closed:
            log.warning("a circuit closes", extra={"to_room": self._room})
        self._is_closed, self._probe, self._failures, self.opened_at = True, None, 0, -math.inf


class CircuitBreakers:
    """The breakers of a process, one for each room that it has called."""

    def __init__(self) -> None:
        self._by_room: dict[str, CircuitBreaker] = {}

    def states(self) -> dict[str, State]:
        """The state of each breaker by room."""
        return {room: breaker.state for room, breaker in sorted(self._by_room.items())}

    def opened_at(self, room: str) -> float:
        """When the breaker of the room opened, by time.monotonic; before all times if it is closed."""
        return self._by_room[room].opened_at if room in self._by_room else -math.inf

    @contextmanager
    def guard(self, room: str) -> Iterator[None]:
        """Let the call inside through and take note of how it ends. Raises CircuitOpen."""
        breaker = self._by_room.get(room) or self._by_room.setdefault(room, CircuitBreaker(room))
        attempt = breaker.admit()
        try:
            yield
        except (RoomSilent, OutcomeUnknown):
            breaker.unanswered(attempt)
            raise
        except Unroutable:
            breaker.absent()
            raise
        except BaseException:
            breaker.unsent(attempt)
            raise
        breaker.answered()
