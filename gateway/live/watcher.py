"""The watcher of one screening's seats, and the streams that it feeds."""

import logging
import time
from collections.abc import Callable, Iterator

import eventlet
from cachetools import FIFOCache
from eventlet.event import Event

from gateway.live.seat_map import SeatMap
from schemas.errors import NotFound, Refusal

log = logging.getLogger("marquee.live")
READ_SECONDS = 1.0          # at most, between two reads
PAUSE_SECONDS = 0.1         # at least, between two reads: a rush of buyers becomes one event
HEARTBEAT_SECONDS = 10.0    # without changes, a client hears so often that the map is fresh, or stale
FAILED_READS = 2            # after so many in a row the map is stale
FRESH_SECONDS = 3.0         # so long after its last successful read the map is stale, even if the next one hangs
REMEMBERED_MAPS = 100       # for clients that reconnect
RETRY = b"retry: 1000\n\n"  # milliseconds until a client reconnects
ReadSeats = Callable[[str], bytes]    # screening_id -> a reply of film.get_hall_info


class Watcher:
    """Reads one screening's seats for as long as a stream is open."""

    def __init__(self, seats: SeatMap, read: Callable[[], SeatMap]) -> None:
        self.seats, self.streams = seats, set[Stream]()
        self.news, self.ended = Event(), False
        self._read, self._failed_reads = read, 0
        self._read_at = time.monotonic()
        self._wake = Event()
        self._remembered: FIFOCache[str, SeatMap] = FIFOCache(REMEMBERED_MAPS)
        self._remembered[seats.event_id] = seats
        self._changes: dict[str, bytes] = {}

    def open(self, last_event_id: str | None, client: str = "") -> "Stream":
        """A stream for the client that goes on from the event `last_event_id`, or begins with the whole map."""
        stream = Stream(self, self._remembered.get(last_event_id or ""), client)
        self.streams.add(stream)
        return stream

    def refresh(self) -> None:
        """Read the seats soon: they have changed."""
        if not self._wake.ready():
            self._wake.send()

    def run(self) -> None:
        """Read the seats again and again; return when no stream is open or the screening is over."""
        while self.streams and not self.ended:
            self._wake.wait(READ_SECONDS)
            self._wake = Event()
            try:
                self._take(self._read())
            except NotFound:  # the screening is over
                self.end()
            except Refusal as refusal:
                log.info("could not read the seats", extra={"code": refusal.code})
                self._count_failure()
            except Exception:
                log.exception("could not read the seats")
                self._count_failure()
            eventlet.sleep(PAUSE_SECONDS)

    @property
    def fresh_for(self) -> float:
        """Seconds until the map is stale unless a read succeeds; 0 or less when it is stale."""
        return self._read_at + FRESH_SECONDS - time.monotonic() if self._failed_reads < FAILED_READS else 0.0

    @property
    def fresh(self) -> bool:
        return self.fresh_for > 0

    def change_event(self, before: SeatMap) -> bytes:
        """The change since `before`, built once for all streams that sent this map last."""
        if before.event_id not in self._changes:
            self._changes[before.event_id] = self.seats.change_event(before)
        return self._changes[before.event_id]

    def end(self) -> None:
        """End all streams."""
        self.ended = True
        self.refresh()
        self._wake_streams()

    def _count_failure(self) -> None:
        self._failed_reads += 1
        if self._failed_reads == FAILED_READS:
            self._wake_streams()

    def _take(self, seats: SeatMap) -> None:
        was_fresh, self._failed_reads, self._read_at = self.fresh, 0, time.monotonic()
        changed = seats.event_id != self.seats.event_id
        if changed:
            self.seats, self._changes = seats, {}
            self._remembered[seats.event_id] = seats
        if changed or not was_fresh:
            self._wake_streams()

    def _wake_streams(self) -> None:
        news, self.news = self.news, Event()
        news.send(True)


class Stream:
    """The events for one client, for as long as its connection takes more."""

    def __init__(self, watcher: Watcher, sent: SeatMap | None, client: str) -> None:
        self.client = client
        self._watcher, self._sent = watcher, sent

    def __iter__(self) -> Iterator[bytes]:
        watcher = self._watcher
        sent_fresh, sent_at = True, time.monotonic()
        yield RETRY
        while not watcher.ended:
            seats, fresh_for = watcher.seats, watcher.fresh_for
            fresh, heartbeat_in = fresh_for > 0, sent_at + HEARTBEAT_SECONDS - time.monotonic()
            if self._sent is None:
                yield seats.seats_event()
            elif self._sent.event_id != seats.event_id:
                yield watcher.change_event(self._sent)
            elif fresh != sent_fresh or heartbeat_in <= 0:
                yield seats.status_event(fresh)
                sent_fresh = fresh
            else:
                watcher.news.wait(min(heartbeat_in, fresh_for) if fresh else heartbeat_in)
                continue
            self._sent, sent_at = seats, time.monotonic()

    def close(self) -> None:
        """The client is gone."""
        self._watcher.streams.discard(self)
