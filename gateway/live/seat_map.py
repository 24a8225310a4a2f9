"""The seats of a screening that are not free at one moment, and how they become the events of a stream."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True)
class SeatMap:
    """`taken`: seat id -> held or sold.

    `event_id` is the version and a digest, because a hold that ends by time leaves the version as it is. Two maps with
    the same id are equal, also in different gateways.
    """

    version: int
    taken: dict[str, str]
    event_id: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.blake2b(orjson.dumps(self.taken, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest()
        object.__setattr__(self, "event_id", f"{self.version}-{digest}")

    @classmethod
    def parse(cls, body: bytes) -> "SeatMap":
        """From a reply of film.get_hall_info, as JSON."""
        hall = orjson.loads(body)
        states = {seat["seat_id"]: seat["state"] for seat in hall["seats"]}
        return cls(hall["version"], {seat: state for seat, state in states.items() if state != "free"})

    def seats_event(self) -> bytes:
        """The event `seats`: the whole map. Seats that it does not name are free."""
        return self._event("seats", self.taken.items())

    def change_event(self, before: "SeatMap") -> bytes:
        """The event `change`: the seats whose state differs from the map `before`."""
        return self._event("change", [(seat, self.taken.get(seat, "free"))
                                      for seat in sorted(before.taken.keys() | self.taken.keys())
                                      if before.taken.get(seat) != self.taken.get(seat)])

    def status_event(self, fresh: bool) -> bytes:
        """The event `fresh` or `stale`: whether this map is up to date. It changes no seat."""
        return self._event("fresh" if fresh else "stale", ())

    def _event(self, kind: str, seats: Iterable[tuple[str, str]]) -> bytes:
        data = orjson.dumps({"version": self.version, "seats": [{"seat_id": seat, "state": state}
                                                                for seat, state in seats]})
        return b"event: %s\nid: %s\ndata: %s\n\n" % (kind.encode(), self.event_id.encode(), data)
