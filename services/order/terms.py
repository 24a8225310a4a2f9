"""What an order must know of a screening, asked once of the film room and kept: it never changes."""

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any

from nameko.extensions import DependencyProvider

from schemas import film
from services.foundation.remote import RemoteCaller

KEPT_SECONDS = 600.0
KEPT_AT_MOST = 5000


@dataclass(frozen=True)
class Terms:
    screening_id: str
    film_title: str
    cinema_id: str
    cinema_name: str
    hall_name: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    currency: str
    prices: dict[str, dict[str, Any]]  # seat id -> {seat_id, kind, price}, and goes_with for half a couple seat


class ScreeningTerms(DependencyProvider):
    """Injects itself: `self.terms.of(screening_id, self.remote)`."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Terms]] = {}

    def get_dependency(self, worker_ctx: Any) -> "ScreeningTerms":
        return self

    def of(self, screening_id: str, remote: RemoteCaller) -> Terms:
        """Raises UnknownScreening, or RoomUnavailable while the film room is down and we never asked before."""
        kept = self._kept.get(screening_id)
        if kept and kept[0] > time.monotonic():
            return kept[1]
        reply = remote.call(film.GET_SCREENING_TERMS, {"screening_id": screening_id})
        terms = Terms(
            screening_id=reply["screening_id"], film_title=reply["film_title"],
            cinema_id=reply["cinema_id"], cinema_name=reply["cinema_name"],
            hall_name=reply["hall_name"], starts_at=dt.datetime.fromisoformat(reply["starts_at"]),
            ends_at=dt.datetime.fromisoformat(reply["ends_at"]), currency=reply["currency"],
            prices={seat["seat_id"]: seat for seat in reply["seats"]},
        )
        if len(self._kept) >= KEPT_AT_MOST:
            self._kept.pop(next(iter(self._kept)))
        self._kept[screening_id] = (time.monotonic() + KEPT_SECONDS, terms)
        return terms
