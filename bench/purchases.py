"""Purchases that can all succeed: free seats, and buyers who may hold them."""

import json
from collections import deque
from collections.abc import Callable, Iterator

from bench.load import CONNECTIONS, Call
from schemas.user import token_id
from testbed.halls import units
from testbed.mesh import Mesh

SEATS, HALL = 3, 180
MOST_UNPAID = 2   # orders of one buyer for one screening; an account may hold no more than four in all


class Purchases:
    """Orders of SEATS free seats, by accounts that hold nothing else, and whose tokens the gateway has cached.

    `prepare` is called with the id of each screening before its seats are dealt.
    """

    def __init__(self, mesh: Mesh, prepare: Callable[[str], None] = lambda _: None) -> None:
        self.mesh, self._prepare = mesh, prepare
        self._buyers: list[str] = []
        self._orders, self._left = self._deal(), deque[Call]()

    def take(self, count: int) -> list[Call]:
        """So many orders that nobody has taken before."""
        while len(self._left) < count:
            self._left.append(next(self._orders))
        taken = [self._left.popleft() for _ in range(count)]
        for token in {call.token for call in taken}:
            self.mesh.get("/user/get_profile", token)
        return taken

    def give_back(self, calls: list[Call], sent: int) -> None:
        """Take back those of these orders that were not sent; when a load ends, each connection has one under way."""
        self._left.extendleft(reversed(calls[sent + CONNECTIONS:]))

    def tokens(self) -> dict[str, str]:
        """The tokens of all buyers so far, by their ids."""
        ids = {row.token_id: str(row.user_id) for row in self.mesh.rows("user", "SELECT token_id, user_id FROM token")}
        return {ids[token_id(token)]: token for token in self._buyers}

    def units(self, screening: str) -> list[list[str]]:
        """The seats of a screening, grouped as they can be bought."""
        return units(self.mesh.get("/film/get_hall_info", screening_id=screening).json())

    def _deal(self) -> Iterator[Call]:
        while True:
            screening = self.mesh.fresh_screening(HALL)
            self._prepare(screening)
            seats = [unit[0] for unit in self.units(screening) if len(unit) == 1]
            parties = [seats[first:first + SEATS] for first in range(0, len(seats) - SEATS + 1, SEATS)]
            self._buyers += (buyers := self.mesh.buyers(-(-len(parties) // MOST_UNPAID)))
            for party, buyer in zip(parties, buyers * MOST_UNPAID, strict=False):
                yield Call("POST", "/order/buy", buyer, json.dumps({"screening_id": screening, "seats": party}))
