"""The facts of a screening that an order needs: asked of the film room once, and kept.

Start, seats and prices never change, so a screening is sold however long the film room is away. Names and titles may
change. Changes are announced; as an announcement may get lost, an old snapshot is asked for again.
"""

import datetime as dt
import logging
import time
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache
from nameko.exceptions import RemoteError
from nameko.extensions import DependencyProvider

from schemas import film
from schemas.errors import Busy, NotFound
from services.foundation.rpc.client import RemoteCaller
from services.order.order_items import Seat

log = logging.getLogger("marquee.order")
FRESH_SECONDS = 600.0
PAUSE_SECONDS = 10.0   # before a film room that did not answer is asked again
MOST_SNAPSHOTS = 5000


@dataclass(frozen=True)
class ScreeningSnapshot:
    """A screening as the film room last described it."""

    screening_id: str
    film_title: str
    cinema_id: str
    cinema_name: str
    hall_name: str
    starts_at: dt.datetime  # by the cinema's clock, as is the end
    ends_at: dt.datetime
    currency: str
    seats: dict[str, Seat]  # all seats of the hall, by seat id
    time_zone: str | None = None  # of the cinema; None: the film room is of an older version
    age_rating: str | None = None  # in the country of the cinema, where the programme says it; so are the others
    cinema_address: str | None = None
    cinema_directions: str | None = None

    @property
    def minutes_east_of_utc(self) -> int:
        return int((self.starts_at.utcoffset() or dt.timedelta()).total_seconds() // 60)


@dataclass
class Entry:
    snapshot: ScreeningSnapshot
    fresh_until: float  # by time.monotonic()


class ScreeningSnapshots(DependencyProvider):
    """Injects itself: `self.screenings.get(screening_id, self.remote)`."""

    def __init__(self) -> None:
        # No TTLCache: an entry past its time is still needed while the film room is away.
        self._entries: LRUCache[str, Entry] = LRUCache(MOST_SNAPSHOTS)
        self._changes = 0

    def get_dependency(self, worker_ctx: Any) -> "ScreeningSnapshots":
        return self

    def get(self, screening_id: str, remote: RemoteCaller, seconds: float | None = None) -> ScreeningSnapshot:
        """The snapshot of a screening. Raises UnknownScreening.

        `seconds`: how long the film room is waited for, if shorter than usual. Raises Busy or RemoteError while it does
        not answer and there is no older snapshot.
        """
        if entry := self._entries.get(screening_id):
            if entry.fresh_until > time.monotonic():
                return entry.snapshot
            entry.fresh_until = time.monotonic() + PAUSE_SECONDS  # others do not wait while this one asks
        changes = self._changes
        try:
            snapshot = _fetch(screening_id, remote, seconds)
        except NotFound:
            self._entries.pop(screening_id, None)
            raise
        except (Busy, RemoteError) as problem:
            if entry is None:
                raise
            log.warning("the film room does not answer: a screening is sold by its older snapshot",
                        extra={"screening_id": screening_id, "problem": type(problem).__name__})
            return entry.snapshot
        unchanged = changes == self._changes
        self._entries[snapshot.screening_id] = Entry(
            snapshot, time.monotonic() + FRESH_SECONDS if unchanged else 0)
        return snapshot

    def expire(self) -> None:
        """Ask the film room again for each screening when it is needed next, because something has changed."""
        self._changes += 1
        for entry in self._entries.values():
            entry.fresh_until = 0


def _fetch(screening_id: str, remote: RemoteCaller, seconds: float | None) -> ScreeningSnapshot:
    wait = {} if seconds is None else {"seconds": seconds}
    reply = remote.call(film.GET_SCREENING_TERMS, {"screening_id": screening_id}, **wait)
    return ScreeningSnapshot(
        screening_id=reply["screening_id"], film_title=reply["film_title"],
        cinema_id=reply["cinema_id"], cinema_name=reply["cinema_name"],
        hall_name=reply["hall_name"], starts_at=dt.datetime.fromisoformat(reply["starts_at"]),
        ends_at=dt.datetime.fromisoformat(reply["ends_at"]), currency=reply["currency"],
        seats={seat["seat_id"]: seat for seat in reply["seats"]}, time_zone=reply.get("time_zone"),
        **{name: reply.get(name) for name in ("age_rating", "cinema_address", "cinema_directions")},
    )
