"""Who computes a password hash next, in one process: known sources first, and no source with more than its share."""

import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

from eventlet import Timeout
from eventlet.event import Event

from schemas.errors import Busy, TooOften
from services.user.attempts.source import Source


class HashingQueue:
    """Lets `at_once` callers in at a time."""

    def __init__(self, at_once: int, capacity: int, strangers: int, of_a_source: int) -> None:
        """`capacity`: callers in all, waiting or at work; `strangers`: those of them whose source is not known;
        `of_a_source`: those of one source.
        """
        self._free = at_once
        self._capacity, self._strangers, self._of_a_source = capacity, strangers, of_a_source
        self._known: deque[Event] = deque()
        self._others: deque[Event] = deque()
        self._present: Counter[Source] = Counter()

    def check(self, source: Source) -> None:
        """Raise TooOften if the source has its share here already, Busy if too many others wait."""
        if self._present[source] >= self._of_a_source:
            raise TooOften(retry_after=1)
        strangers = sum(count for each, count in self._present.items() if not each.is_known)
        if self._present.total() >= self._capacity or (not source.is_known and strangers >= self._strangers):
            raise Busy(retry_after=1)

    @contextmanager
    def turn(self, source: Source, deadline: float | None = None) -> Iterator[None]:
        """Wait for a turn, and have it inside the block. Raises what `check` raises, and Busy at the deadline (seconds
        since 1970).
        """
        self.check(source)
        self._present[source] += 1
        try:
            patience = None if deadline is None else max(deadline - time.time(), 0.0)
            with Timeout(patience, Busy(retry_after=1)):
                self._enter(self._known if source.is_known else self._others)
            try:
                yield
            finally:
                self._leave()
        finally:
            self._present[source] -= 1
            self._present += Counter()    # forget the sources of nobody

    def _enter(self, queue: deque[Event]) -> None:
        if self._free:
            self._free -= 1
            return
        place = Event()
        queue.append(place)
        try:
            place.wait()
        except BaseException:    # such as a deadline
            if place in queue:
                queue.remove(place)
            else:
                self._leave()    # its turn had come meanwhile
            raise

    def _leave(self) -> None:
        if waiting := self._known or self._others:
            waiting.popleft().send()
        else:
            self._free += 1
