"""How many workers of a process may wait for one other room, so that a room that hangs can't occupy all of them.

The pattern is known as bulkhead (Nygard, Release It!).
"""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from eventlet import Timeout
from eventlet.event import Event

from schemas.errors import RoomSilent, RoomUnavailable

SILENT_SECONDS = 1.0     # after so long without any answer from a room, no call waits for a slot any more
LONGEST_WAIT = 4.0       # seconds a call waits for a slot of a room that answers slowly


class Bulkheads:
    """Gives each room at most half of the workers that wait for no other room, so that some are always left.

    A call beyond a room's share waits in a queue as long as the room answers other calls.
    """

    def __init__(self, workers: Callable[[], int]) -> None:
        """`workers`: returns how many workers the process has now."""
        self._workers = workers
        self._in_flight: Counter[str] = Counter()              # calls under way, by room
        self._queues: dict[str, deque[Event]] = defaultdict(deque)
        self._last_activity: dict[str, float] = {}             # when a call was last sent or answered
        self._silent: set[str] = set()                         # rooms that let the latest deadline pass

    @contextmanager
    def slot(self, room: str) -> Iterator[None]:
        """Hold one of the room's slots for the call inside.

        Raises RoomUnavailable when its share is used up and no slot becomes free soon.
        """
        self._acquire(room)
        try:
            yield
            self._silent.discard(room)
        except RoomSilent:
            self._silent.add(room)
            raise
        finally:
            self._release(room)

    def _has_slot(self, room: str) -> bool:
        others = self._in_flight.total() - self._in_flight[room]
        return self._in_flight[room] < max(1, (self._workers() - others) // 2)

    def _acquire(self, room: str) -> None:
        if not self._queues[room] and self._has_slot(room):
            self._occupy(room)
        else:
            self._wait_for_slot(room)

    def _occupy(self, room: str) -> None:
        self._in_flight[room] += 1
        self._last_activity[room] = time.monotonic()

    def _wait_for_slot(self, room: str) -> None:
        turn, deadline = Event(), time.monotonic() + LONGEST_WAIT
        self._queues[room].append(turn)
        try:
            while not turn.ready():
                left = min(deadline, self._last_activity.get(room, 0) + SILENT_SECONDS) - time.monotonic()
                if left <= 0 or room in self._silent:
                    raise RoomUnavailable(room=room)
                with Timeout(left, False):
                    turn.wait()
        except BaseException:
            if turn.ready():
                self._release(room)
            else:
                self._queues[room].remove(turn)
            raise

    def _release(self, room: str) -> None:
        self._in_flight[room] -= 1
        self._last_activity[room] = time.monotonic()
        for name, queue in self._queues.items():
            while queue and self._has_slot(name):
                self._occupy(name)
                queue.popleft().send()
