"""What the film room adds to a ticket at the door. Guests are admitted without it while that room does not answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nameko.exceptions import RemoteError

from schemas.errors import Busy, NotFound
from services.foundation.rpc.client import RemoteCaller
from services.order.screenings.screening_snapshot import ScreeningSnapshots

WAIT_SECONDS = 1.0  # nobody waits longer at a door
NO_FACTS: dict[str, Any] = {"age_rating": None, "directions": None}


@dataclass(frozen=True)
class FilmFacts:
    """The age rating and the way to the cinema, where the programme says them."""

    screenings: ScreeningSnapshots
    remote: RemoteCaller

    def of_all(self, screening_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """`of` each of the screenings; once the film room has not answered, it is not asked about the others."""
        found: dict[str, dict[str, Any]] = {}
        for screening_id in screening_ids:
            try:
                found[screening_id] = self._find(screening_id)
            except NotFound:
                continue
            except (Busy, RemoteError):
                break
        return found

    def of(self, screening_id: str) -> dict[str, Any]:
        """`age_rating` and `directions` of a screening; each None where it is not known."""
        try:
            return self._find(screening_id)
        except (Busy, NotFound, RemoteError):
            return NO_FACTS

    def _find(self, screening_id: str) -> dict[str, Any]:
        found = self.screenings.get(screening_id, self.remote, WAIT_SECONDS)
        ways = [way for way in (found.cinema_address, found.cinema_directions) if way]
        return {"age_rating": found.age_rating, "directions": ". ".join(ways) or None}
