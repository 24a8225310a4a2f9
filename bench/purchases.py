"""Purchases that can all succeed: free seats, and buyers who may hold them."""

import json
from collections import Counter, deque
from collections.abc import Iterator

from bench.load import Call
from testbed.halls import units
from testbed.mesh import Mesh

BUYERS, SEATS, HALL = 211, 3, 180
MOST_UNPAID = 2   # orders of one buyer for one screening


class Purchases:
    """Orders of SEATS free seats, by BUYERS buyers in turn, whose tokens the gateway has cached."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh, self.buyers = mesh, mesh.buyers(BUYERS)
        self._orders = self._deal()

    def take(self, count: int) -> list[Call]:
        """So many orders that nobody has taken before."""
        for token in self.buyers:
            self.mesh.get("/user/get_profile", token)
        return [next(self._orders) for _ in range(count)]

    def units(self, screening: str) -> list[list[str]]:
        """The seats of a screening, grouped as they can be bought."""
        return units(self.mesh.get("/film/get_hall_info", screening_id=screening).json())

    def _deal(self) -> Iterator[Call]:
        turn = deque(self.buyers)
        while True:
            screening, bought = self.mesh.fresh_screening(HALL), Counter[str]()
            seats = [unit[0] for unit in self.units(screening) if len(unit) == 1]
            for first in range(0, len(seats) - SEATS + 1, SEATS):
                while bought[turn[0]] >= MOST_UNPAID:
                    turn.rotate(-1)
                bought[turn[0]] += 1
                yield Call("POST", "/order/buy", turn[0],
                           json.dumps({"screening_id": screening, "seats": seats[first:first + SEATS]}))
                turn.rotate(-1)
