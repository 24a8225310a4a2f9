"""Which seats of a screening are not free at one moment, and what has changed since another, as events of a stream."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True)
class SeatMap:
    """`taken`: seat id -> held or sold.

    `name` is the version and a digest: time alone ends a hold, and the version stays. So two moments with the same
    name are alike, also to another gateway.
    """

    version: int
    taken: dict[str, str]
    name: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.blake2b(orjson.dumps(self.taken, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest()
        object.__setattr__(self, "name", f"{self.version}-{digest}")

    @classmethod
    def read(cls, hall: bytes) -> "SeatMap":
        """From an answer of film.get_hall_info."""
        told = orjson.loads(hall)
        states = {seat["seat_id"]: seat["state"] for seat in told["seats"]}
        return cls(told["version"], {seat: state for seat, state in states.items() if state != "free"})

    def whole(self) -> bytes:
        """The event that tells all of it; seats it does not name are free."""
        return self._event("seats", self.taken.items())

    def since(self, before: "SeatMap") -> bytes:
        """The event that makes this map of the one before."""
        return self._event("change", [(seat, self.taken.get(seat, "free"))
                                      for seat in sorted(before.taken.keys() | self.taken.keys())
                                      if before.taken.get(seat) != self.taken.get(seat)])

    def standing(self, fresh: bool) -> bytes:
        """The event that says of this map whether it is up to date; it changes no seat."""
        return self._event("fresh" if fresh else "stale", ())

    def _event(self, kind: str, seats: Iterable[tuple[str, str]]) -> bytes:
        data = orjson.dumps({"version": self.version, "seats": [{"seat_id": seat, "state": state}
                                                                for seat, state in seats]})
        return b"event: %s\nid: %s\ndata: %s\n\n" % (kind.encode(), self.name.encode(), data)
