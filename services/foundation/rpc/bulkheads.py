"""How many workers of a process may wait for one other room: a room that hangs must not hold all of them."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from eventlet import Timeout
from eventlet.event import Event

from schemas.errors import RoomSilent, RoomUnavailable

SILENT_SECONDS = 2.0     # a room that answers nobody for so long is not waited for
PATIENCE_SECONDS = 4.0   # and one that answers slowly, no longer than this


class Bulkheads:
    """Each room gets at most half of the workers that wait for no other room, so some are always left.

    Who comes when a room's share is used up waits for a place while that room answers others.
    """

    def __init__(self, workers: Callable[[], int]) -> None:
        self._workers = workers
        self._waiting: Counter[str] = Counter()               # calls under way, by room
        self._lines: dict[str, deque[Event]] = defaultdict(deque)
        self._moved: dict[str, float] = {}                    # when a call last went out or came back
        self._silent: set[str] = set()                        # rooms whose last call was not answered in time

    @contextmanager
    def place(self, room: str) -> Iterator[None]:
        """Call the room inside. Raises RoomUnavailable when its share is used up and no place becomes free soon."""
        self._enter(room)
        try:
            yield
            self._silent.discard(room)
        except RoomSilent:
            self._silent.add(room)
            raise
        finally:
            self._leave(room)

    def _has_place(self, room: str) -> bool:
        others = self._waiting.total() - self._waiting[room]
        return self._waiting[room] < max(1, (self._workers() - others) // 2)

    def _enter(self, room: str) -> None:
        if not self._lines[room] and self._has_place(room):
            self._take(room)
        else:
            self._stand_in_line(room)

    def _take(self, room: str) -> None:
        self._waiting[room] += 1
        self._moved[room] = time.monotonic()

    def _stand_in_line(self, room: str) -> None:
        turn, gives_up_at = Event(), time.monotonic() + PATIENCE_SECONDS
        self._lines[room].append(turn)
        try:
            while not turn.ready():
                left = min(gives_up_at, self._moved.get(room, 0) + SILENT_SECONDS) - time.monotonic()
                if left <= 0 or room in self._silent:
                    raise RoomUnavailable(room=room)
                with Timeout(left, False):
                    turn.wait()
        except BaseException:
            if turn.ready():
                self._leave(room)
            else:
                self._lines[room].remove(turn)
            raise

    def _leave(self, room: str) -> None:
        self._waiting[room] -= 1
        self._moved[room] = time.monotonic()
        for name, line in self._lines.items():
            while line and self._has_place(name):
                self._take(name)
                line.popleft().send()
