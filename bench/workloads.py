"""What is measured: requests of one kind, on fresh halls and orders."""

import importlib
import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import requests

from bench.controls import Control
from bench.load import CONNECTIONS, SECONDS, Call
from bench.purchases import Purchases
from testbed.mesh import Mesh

MOST_A_SECOND, READERS = 450, 211   # purchases; accounts that buy nothing
REFUNDS = 200
BUY, BUY_THERE = "order.buy, 3 fresh seats", "monolith: buy, 3 fresh seats"
ECHO, ECHO_THERE = "stock Nameko: gateway to service echo", "FastAPI and FastStream: echo"
HALL, HALL_THERE = "film.get_hall_info, 180 seats", "monolith: get_hall_info, 180 seats"


@dataclass(frozen=True)
class Workload:
    """`expected`: the status that counts as success. `control`: who answers; None: the mesh.

    `sent` is told how many of the calls were sent, in their sequence.
    """

    name: str
    url: str
    calls: list[Call]
    expected: int = 200
    control: Control | None = None
    sent: Callable[[int], None] = lambda _: None


@dataclass
class Workloads:
    """The workloads of a round, each prepared when its turn comes."""

    mesh: Mesh
    stock: Control
    faststream: Control
    monolith: Control

    def __post_init__(self) -> None:
        self.purchases, self.readers = Purchases(self.mesh), self.mesh.buyers(READERS)
        self.purchases_there = Purchases(self.mesh, self._copy)
        self.hall = self.mesh.fresh_screening(180)
        self._copy(self.hall)

    def __iter__(self) -> Iterator[Workload]:
        yield from self._of_controls()
        ours = partial(Workload, url=self.mesh.url)
        yield ours(HALL, calls=[self._read_hall()])
        yield ours("film.get_info_list, 20 screenings", calls=[Call("GET", "/film/get_info_list")])
        yield ours("user.authorize", calls=[Call("POST", "/user/authorize", "", json.dumps({"token": token}))
                                            for token in self.readers])
        yield self._purchases(ours, BUY)
        yield self._purchases(ours, f"{BUY}, with a key", keyed=True)
        yield ours("order.buy, sold out", calls=self._sold_out(), expected=409)
        yield ours("order.pay, test money", calls=self._of_orders("/order/pay", "created", method="sandbox"))
        self._pay_ahead()
        yield ours("order.refund", calls=self._of_orders("/order/refund", "paid"))

    def _of_controls(self) -> Iterator[Workload]:
        stock = partial(Workload, url=self.stock.url, control=self.stock)
        yield stock("stock Nameko: HTTP ping", calls=[Call("GET", "/ping")])
        yield stock(ECHO, calls=[Call("GET", "/echo")])
        yield Workload(ECHO_THERE, self.faststream.url, [Call("GET", "/echo")], control=self.faststream)
        there = partial(Workload, url=self.monolith.url, control=self.monolith)
        yield there(HALL_THERE, calls=[self._read_hall()])
        calls = self.purchases_there.take(MOST_A_SECOND * SECONDS)
        yield there(BUY_THERE, calls=[without_account(call) for call in calls],
                    sent=partial(self.purchases_there.give_back, calls))

    def _read_hall(self) -> Call:
        return Call("GET", f"/film/get_hall_info?screening_id={self.hall}")

    def _purchases(self, ours: Callable[..., Workload], name: str, keyed: bool = False) -> Workload:
        calls = self.purchases.take(MOST_A_SECOND * SECONDS)
        asked = [replace(call, key=f"bench-{secrets.token_hex(8)}") for call in calls] if keyed else calls
        return ours(name, calls=asked, sent=partial(self.purchases.give_back, calls))

    def _sold_out(self) -> list[Call]:
        """Orders for three seats of a hall where every seat is taken."""
        screening = self.mesh.fresh_screening(40)
        seats = list(self.mesh.seats(screening))
        for unit in self.purchases.units(screening):
            self.mesh.post("/order/buy", self.mesh.buyer(), screening_id=screening, seats=unit)
        assert set(self.mesh.seats(screening).values()) == {"held"}
        body = json.dumps({"screening_id": screening, "seats": seats[:3]})
        return [Call("POST", "/order/buy", token, body) for token in self.readers]

    def _of_orders(self, path: str, status: str, **fields: str) -> list[Call]:
        """One call for each of the buyers' orders that has this status."""
        found = self.mesh.rows("order", "SELECT order_id, buyer_id FROM orders WHERE status = :s ORDER BY created_at",
                               s=status)
        tokens = self.purchases.tokens()
        return [Call("POST", path, tokens[row.buyer_id], json.dumps({"order_id": row.order_id, **fields}))
                for row in found if row.buyer_id in tokens]

    def _pay_ahead(self) -> None:
        """Pay until there are some REFUNDS paid orders: paying is slower than giving back."""
        missing = max(REFUNDS - len(self._of_orders("/order/refund", "paid")), 0)
        with ThreadPoolExecutor(CONNECTIONS) as senders:
            list(senders.map(self._send, self._of_orders("/order/pay", "created", method="sandbox")[:missing]))

    def _send(self, call: Call) -> requests.Response:
        return requests.post(self.mesh.url + call.path, call.body, timeout=20, headers={
            "Content-Type": "application/json", "Authorization": f"Bearer {call.token}"})

    def _copy(self, screening: str) -> None:
        monolith = importlib.import_module("bench.monolith")    # after controls.monolith has said where its servers are
        with monolith.new_session() as db:
            monolith.add_screening(db, self.mesh.get("/film/get_hall_info", screening_id=screening).json())


def without_account(call: Call) -> Call:
    """The purchase as the monolith takes it, which has no accounts."""
    return replace(call, token="", body=json.dumps({**json.loads(call.body), "buyer_id": call.token}))
