"""GET /live/<screening_id>: a seat map as it changes, as a stream of server-sent events.

One watcher for each screening reads the seats when they are announced to have changed, and every second, because holds
end by time alone. Each stream remembers the map that it sent last. So a slow client, or one that reconnects, gets all
changes since in one event, and nothing is queued for it meanwhile. While the seats can't be read, because reads fail or
hang, a stream says that its map is stale; otherwise it says now and then that the map is fresh.
"""

from eventlet.semaphore import Semaphore
from nameko.extensions import DependencyProvider
from prometheus_client import Gauge

from gateway.live.seat_map import SeatMap
from gateway.live.watcher import ReadSeats, Stream, Watcher
from gateway.settings import gateway_settings
from schemas.gateway import Overloaded, TooManyStreams

CONCURRENT_READS = 10      # however many screenings are watched, the film room has others to serve

STREAMS = Gauge("marquee_http_streams", "Open streams of seat maps.")


class SeatStreams(DependencyProvider):
    """The streams of this process."""

    def setup(self) -> None:
        self._watchers: dict[str, Watcher] = {}
        self._reads = Semaphore(CONCURRENT_READS)
        self._closed = False
        STREAMS.set_function(self._open_streams)

    def get_dependency(self, worker_ctx: object) -> "SeatStreams":
        return self

    def open(self, screening_id: str, last_event_id: str | None, client: str, read_seats: ReadSeats) -> Stream:
        """A stream that begins with the whole map, or with what has changed since the event `last_event_id`.

        `read_seats` calls film.get_hall_info. Raises its refusals, TooManyStreams for this client, and Overloaded.
        """
        self._check_share(client)
        if screening_id not in self._watchers:
            seats = SeatMap.parse(read_seats(screening_id))
            if screening_id not in self._watchers:
                self._watch(screening_id, seats, read_seats)
        if self._closed or self._open_streams() >= gateway_settings().stream_limit:
            raise Overloaded(retry_after=10)
        self._check_share(client)  # again: it may have opened others while the seats were read
        return self._watchers[screening_id].open(last_event_id, client)

    def _check_share(self, client: str) -> None:
        streams = (stream for watcher in self._watchers.values() for stream in watcher.streams)
        if sum(stream.client == client for stream in streams) >= gateway_settings().streams_per_address:
            raise TooManyStreams(retry_after=10)

    def _open_streams(self) -> int:
        return sum(len(watcher.streams) for watcher in self._watchers.values())

    def _watch(self, screening_id: str, seats: SeatMap, read_seats: ReadSeats) -> None:
        def read() -> SeatMap:
            with self._reads:
                return SeatMap.parse(read_seats(screening_id))

        def run() -> None:
            try:
                watcher.run()
            finally:
                del self._watchers[screening_id]

        watcher = self._watchers[screening_id] = Watcher(seats, read)
        self.container.spawn_managed_thread(run, identifier=f"live {screening_id}")

    def refresh(self, screening_id: str) -> None:
        """Read this screening's seats soon: they have changed."""
        if watcher := self._watchers.get(screening_id):
            watcher.refresh()

    def close(self) -> None:
        """End all streams. Their clients reconnect by themselves, to another gateway or the next one."""
        self._closed = True
        for watcher in self._watchers.values():
            watcher.end()
