"""Seat maps as they change: GET /live/<screening_id> is a stream of server-sent events.

One watcher a screening looks at the seats whenever they are said to have changed, and every second, since holds end
by time alone. Its streams each remember the map they have told last, so that whoever is slow, or comes back, hears
what has changed since in one piece, and nothing is kept for anybody in the meantime. While the seats can't be looked
up, whether looks fail or hang, a stream says that its map is stale; otherwise now and then that the map is fresh.
"""

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

import eventlet
from eventlet.event import Event
from eventlet.semaphore import Semaphore
from nameko import config
from nameko.extensions import DependencyProvider

from gateway.live.seat_map import SeatMap
from schemas.errors import NotFound, Refusal
from schemas.gateway import Overloaded

log = logging.getLogger("marquee.live")
ADDRESS = re.compile(r"/live/([A-Za-z0-9_-]{1,64})")
LOOK_SECONDS = 1.0         # at the latest
REST_SECONDS = 0.1         # between two looks: a rush of buyers is told in one event
HEARTBEAT_SECONDS = 10.0   # without news a reader hears so often that the map is fresh, or stale
FAILED_LOOKS = 2           # one after the other, and the map is stale
FRESH_SECONDS = 3.0        # after the last look that succeeded; then it is stale, whatever the next one waits for
LOOKS_AT_ONCE = 10         # however many screenings are watched, the film room has others to serve
REMEMBERED = 100           # maps, for those who come back
OPENING = b"retry: 1000\n\n"
Look = Callable[[str], bytes]


class Live(DependencyProvider):
    """The streams of this process."""

    def setup(self) -> None:
        self._limit = int(config["gateway"]["stream_limit"])
        self._watchers: dict[str, Watcher] = {}
        self._looks = Semaphore(LOOKS_AT_ONCE)
        self._closed = False

    def get_dependency(self, worker_ctx: object) -> "Live":
        return self

    def open(self, screening_id: str, last: str | None, look: Look) -> "Stream":
        """A stream that begins with the whole map, or with what has changed since `last`, an event's id.

        `look` asks for film.get_hall_info; what it refuses is refused here. Raises Overloaded.
        """
        if screening_id not in self._watchers:
            seats = SeatMap.read(look(screening_id))
            if screening_id not in self._watchers:
                self._watch(screening_id, seats, look)
        if self._closed or sum(len(watcher.streams) for watcher in self._watchers.values()) >= self._limit:
            raise Overloaded(retry_after=10)
        return self._watchers[screening_id].open(last)

    def _watch(self, screening_id: str, seats: SeatMap, look: Look) -> None:
        def look_in_turn() -> SeatMap:
            with self._looks:
                return SeatMap.read(look(screening_id))

        def run() -> None:
            try:
                watcher.run()
            finally:
                del self._watchers[screening_id]

        watcher = self._watchers[screening_id] = Watcher(seats, look_in_turn)
        self.container.spawn_managed_thread(run, identifier=f"live {screening_id}")

    def look_again(self, screening_id: str) -> None:
        """The seats of this screening have changed."""
        if watcher := self._watchers.get(screening_id):
            watcher.look_again()

    def close(self) -> None:
        """End every stream; its reader comes back by itself, and finds another gateway or the next one."""
        self._closed = True
        for watcher in self._watchers.values():
            watcher.end()


class Watcher:
    """Looks at one screening for as long as anybody else looks on."""

    def __init__(self, seats: SeatMap, look: Callable[[], SeatMap]) -> None:
        self.seats, self.streams = seats, set[Stream]()
        self.news, self.ended = Event(), False
        self._look, self._failed_looks = look, 0
        self._looked_at = time.monotonic()
        self._wake = Event()
        self._known = OrderedDict({seats.name: seats})
        self._changes: dict[str, bytes] = {}

    def open(self, last: str | None) -> "Stream":
        stream = Stream(self, self._known.get(last or ""))
        self.streams.add(stream)
        return stream

    def look_again(self) -> None:
        if not self._wake.ready():
            self._wake.send()

    def run(self) -> None:
        while self.streams and not self.ended:
            self._wake.wait(LOOK_SECONDS)
            self._wake = Event()
            try:
                self._show(self._look())
            except NotFound:  # the screening is over
                self.end()
            except Refusal as refusal:
                log.info("could not look at the seats", extra={"code": refusal.code})
                self._miss()
            except Exception:
                log.exception("could not look at the seats")
                self._miss()
            eventlet.sleep(REST_SECONDS)

    @property
    def fresh_for(self) -> float:
        """Seconds until the map is stale unless a look succeeds; not above 0: it is stale."""
        return self._looked_at + FRESH_SECONDS - time.monotonic() if self._failed_looks < FAILED_LOOKS else 0.0

    @property
    def fresh(self) -> bool:
        return self.fresh_for > 0

    def _miss(self) -> None:
        self._failed_looks += 1
        if self._failed_looks == FAILED_LOOKS:
            self._tell()

    def _show(self, seats: SeatMap) -> None:
        was_fresh, self._failed_looks, self._looked_at = self.fresh, 0, time.monotonic()
        if seats.name != self.seats.name:
            self._change_to(seats)
        elif not was_fresh:
            self._tell()

    def _change_to(self, seats: SeatMap) -> None:
        self.seats, self._changes = seats, {}
        self._known[seats.name] = seats
        self._known.move_to_end(seats.name)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self._tell()

    def since(self, before: SeatMap) -> bytes:
        """What has changed, written once for all who were told the same."""
        if before.name not in self._changes:
            self._changes[before.name] = self.seats.since(before)
        return self._changes[before.name]

    def end(self) -> None:
        self.ended = True
        self.look_again()
        self._tell()

    def _tell(self) -> None:
        news, self.news = self.news, Event()
        news.send(True)


class Stream:
    """What one reader hears, for as long as its connection asks for more."""

    def __init__(self, watcher: Watcher, told: SeatMap | None) -> None:
        self._watcher, self._told = watcher, told

    def __iter__(self) -> Iterator[bytes]:
        watcher = self._watcher
        told_fresh, told_at = True, time.monotonic()
        yield OPENING
        while not watcher.ended:
            seats, fresh_for = watcher.seats, watcher.fresh_for
            fresh, heartbeat_in = fresh_for > 0, told_at + HEARTBEAT_SECONDS - time.monotonic()
            if self._told is None:
                yield seats.whole()
            elif self._told.name != seats.name:
                yield watcher.since(self._told)
            elif fresh != told_fresh or heartbeat_in <= 0:
                yield seats.standing(fresh)
                told_fresh = fresh
            else:
                watcher.news.wait(min(heartbeat_in, fresh_for) if fresh else heartbeat_in)
                continue
            self._told, told_at = seats, time.monotonic()

    def close(self) -> None:
        """The reader is gone."""
        self._watcher.streams.discard(self)
