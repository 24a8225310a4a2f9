"""The threads that compute password hashes, and the queue for them.

Each thread of the operating system that has computed a hash keeps an arena of malloc's with room for one (19 MiB and
more), so there are as many threads as hashes run at once.
"""

import time
from collections.abc import Callable
from typing import TypeVar, cast

from eventlet import Timeout, tpool
from eventlet.semaphore import Semaphore

from schemas.errors import Busy

T = TypeVar("T")

AT_ONCE = 2            # more would only take the processor from everybody else
SPARE_WORKERS = 4      # calls that find no place among those who wait for a hash
FIRST_ESTIMATE = 0.05  # seconds for a hash, until some were measured
WEIGHT = 0.2           # of the newest measurement


class HashQueue:
    """Computes AT_ONCE hashes of one process at a time, in the order in which they were asked for."""

    def __init__(self, workers: int) -> None:
        """`workers`: the calls that the process works on at once.

        A few of them stay free of passwords, so that a rush of sign-ins never keeps `authorize` waiting.
        """
        self._capacity = max(AT_ONCE, workers - SPARE_WORKERS)
        self._turns = Semaphore(AT_ONCE)
        self._waiting = 0   # or computing
        self._seconds = FIRST_ESTIMATE
        tpool.set_num_threads(AT_ONCE)  # of this process, whose other work uses none

    def check(self, deadline: float | None) -> None:
        """Raises Busy if too many calls wait, or if the hash would not be there by `deadline` (seconds since 1970)."""
        rounds = self._waiting // AT_ONCE + 1
        if self._waiting >= self._capacity or _left(deadline) < rounds * self._seconds:
            raise Busy(retry_after=1)

    def run(self, deadline: float | None, work: Callable[..., T], *args: str) -> T:
        """The result of `work(*args)`, which computes a hash in a thread. Raises Busy like `check`."""
        self.check(deadline)
        self._waiting += 1
        try:
            patience = None if deadline is None else max(_left(deadline), 0.0)
            with Timeout(patience, Busy(retry_after=1)) as timer, self._turns:
                timer.cancel()  # the thread can't be interrupted: nobody else may have its turn meanwhile
                return self._measured(work, *args)
        finally:
            self._waiting -= 1

    def _measured(self, work: Callable[..., T], *args: str) -> T:
        began = time.monotonic()
        try:
            return cast(T, tpool.execute(work, *args))
        finally:
            self._seconds += WEIGHT * (time.monotonic() - began - self._seconds)


def _left(deadline: float | None) -> float:
    return float("inf") if deadline is None else deadline - time.time()
