"""What an order must know of a screening: asked of the film room once, and kept.

Start, seats and prices never change, so a screening is sold however long the film room is away. Names and titles may
change: that is announced, and as an announcement may get lost, what is old is asked for again.
"""

import datetime as dt
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from nameko.exceptions import RemoteError
from nameko.extensions import DependencyProvider

from schemas import film
from schemas.errors import Busy, NotFound
from services.foundation.rpc.client import RemoteCaller

log = logging.getLogger("marquee.order")
FRESH_SECONDS = 600.0
PAUSE_SECONDS = 10.0   # before the film room is asked again that did not answer
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


@dataclass
class Kept:
    terms: Terms
    fresh_until: float  # by time.monotonic()


class ScreeningTerms(DependencyProvider):
    """Injects itself: `self.terms.of(screening_id, self.remote)`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Kept] = OrderedDict()  # the one used last at the end
        self._changes = 0

    def get_dependency(self, worker_ctx: Any) -> "ScreeningTerms":
        return self

    def of(self, screening_id: str, remote: RemoteCaller) -> Terms:
        """Raises UnknownScreening; Busy or RemoteError while the film room has no answer and never had one."""
        if kept := self._kept.get(screening_id):
            self._kept.move_to_end(screening_id)
            if kept.fresh_until > time.monotonic():
                return kept.terms
            kept.fresh_until = time.monotonic() + PAUSE_SECONDS  # others do not wait while this one asks
        changes = self._changes
        try:
            terms = _ask(screening_id, remote)
        except NotFound:
            self._kept.pop(screening_id, None)
            raise
        except (Busy, RemoteError) as problem:
            if kept is None:
                raise
            log.warning("the film room has no answer: a screening is sold as it was known",
                        extra={"screening_id": screening_id, "problem": type(problem).__name__})
            return kept.terms
        unchanged = changes == self._changes
        self._keep(Kept(terms, time.monotonic() + FRESH_SECONDS if unchanged else 0))
        return terms

    def look_again(self) -> None:
        """Something has changed: each screening is asked for again when it is needed next."""
        self._changes += 1
        for kept in self._kept.values():
            kept.fresh_until = 0

    def _keep(self, kept: Kept) -> None:
        self._kept[kept.terms.screening_id] = kept
        while len(self._kept) > KEPT_AT_MOST:
            self._kept.popitem(last=False)


def _ask(screening_id: str, remote: RemoteCaller) -> Terms:
    reply = remote.call(film.GET_SCREENING_TERMS, {"screening_id": screening_id})
    return Terms(
        screening_id=reply["screening_id"], film_title=reply["film_title"],
        cinema_id=reply["cinema_id"], cinema_name=reply["cinema_name"],
        hall_name=reply["hall_name"], starts_at=dt.datetime.fromisoformat(reply["starts_at"]),
        ends_at=dt.datetime.fromisoformat(reply["ends_at"]), currency=reply["currency"],
        prices={seat["seat_id"]: seat for seat in reply["seats"]},
    )
