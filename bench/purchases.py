"""Purchases that can all succeed: free seats, and buyers who may hold them."""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator

from bench.load import CONNECTIONS, Call
from schemas.user import token_id
from testbed.halls import units
from testbed.mesh import Mesh

BUYERS, SEATS, HALL = 211, 3, 180
MOST_UNPAID = 2   # orders of one buyer for one screening


class Purchases:
    """Orders of SEATS free seats, by BUYERS buyers in turn, whose tokens the gateway has cached.

    `prepare` is called with the id of each screening before its seats are dealt.
    """

    def __init__(self, mesh: Mesh, prepare: Callable[[str], None] = lambda _: None) -> None:
        self.mesh, self.buyers, self._prepare = mesh, mesh.buyers(BUYERS), prepare
        self._orders, self._left = self._deal(), deque[Call]()

    def take(self, count: int) -> list[Call]:
        """So many orders that nobody has taken before."""
        for token in self.buyers:
            self.mesh.get("/user/get_profile", token)
        while len(self._left) < count:
            self._left.append(next(self._orders))
        return [self._left.popleft() for _ in range(count)]

    def give_back(self, calls: list[Call], sent: int) -> None:
        """Take back those of these orders that were not sent; when a load ends, each connection has one under way."""
        self._left.extendleft(reversed(calls[sent + CONNECTIONS:]))

    def tokens(self) -> dict[str, str]:
        """The tokens of the buyers, by their ids."""
        ids = {row.token_id: str(row.user_id) for row in self.mesh.rows("user", "SELECT token_id, user_id FROM token")}
        return {ids[token_id(token)]: token for token in self.buyers}

    def units(self, screening: str) -> list[list[str]]:
        """The seats of a screening, grouped as they can be bought."""
        return units(self.mesh.get("/film/get_hall_info", screening_id=screening).json())

    def _deal(self) -> Iterator[Call]:
        turn = deque(self.buyers)
        while True:
            screening, bought = self.mesh.fresh_screening(HALL), Counter[str]()
            self._prepare(screening)
            seats = [unit[0] for unit in self.units(screening) if len(unit) == 1]
            for first in range(0, len(seats) - SEATS + 1, SEATS):
                while bought[turn[0]] >= MOST_UNPAID:
                    turn.rotate(-1)
                bought[turn[0]] += 1
                yield Call("POST", "/order/buy", turn[0],
                           json.dumps({"screening_id": screening, "seats": seats[first:first + SEATS]}))
                turn.rotate(-1)
