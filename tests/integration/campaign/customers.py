"""Customers who buy, pay, cancel and give back all the time, and remember what they were told."""

import random
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from testbed.mesh import Mesh

PATIENCE = 60.0   # seconds: somebody who gets no answer by then has found a fault
# What an order may be when its customer was last told of this status; time and sweeps go on.
MAY_BE = {"created": {"created", "expired"}, "paid": {"paid", "completed"}, "cancelled": {"cancelled"},
          "refunding": {"refunding", "refunded"}, "refunded": {"refunded"}}


@dataclass(frozen=True)
class Told:
    """The last that a customer was told of an order."""

    token: str
    order_id: str
    status: str
    seats: frozenset[tuple[str, str]]   # (screening, seat)


@dataclass
class Stock:
    """Accounts and seats that nobody has used yet; filled up between faults, when everything answers."""

    mesh: Mesh
    tokens: deque[str] = field(default_factory=deque)
    seats: deque[tuple[str, list[str]]] = field(default_factory=deque)

    def fill(self, purchases: int) -> None:
        if len(self.tokens) < purchases:
            self.tokens.extend(self.mesh.buyers(2 * purchases))
        while len(self.seats) < purchases:
            screening = self.mesh.fresh_screening(320)
            free = list(self.mesh.seats(screening))[:300]   # singles: the couple seats come last
            self.seats.extend((screening, free[at:at + 2]) for at in range(0, len(free), 2))


@dataclass
class Customers:
    """A few customers at a time; each repeats a request with its key until it is answered."""

    stock: Stock
    dice: random.Random
    told: list[Told] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)   # answers that should not be
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def shopping(self, count: int) -> Iterator[None]:
        """So many customers shop all the time that the block takes."""
        with ThreadPoolExecutor(count) as threads:
            going = [threads.submit(self._shop) for _ in range(count)]
            try:
                yield
            finally:
                self.over.set()
        for each in going:
            each.result()

    def _shop(self) -> None:
        with requests.Session() as session:
            while not self.over.is_set():
                if self.stock.tokens and self.stock.seats:
                    self._visit(session, self.stock.tokens.popleft(), *self.stock.seats.popleft())
                self.over.wait(self.dice.uniform(0.05, 0.3))

    def _visit(self, session: requests.Session, token: str, screening: str, seats: list[str]) -> None:
        order = self._ask(session, token, "/order/buy", screening_id=screening, seats=seats)
        if order is None:
            return
        about = (token, order["order_id"], frozenset((screening, seat) for seat in seats))
        self._note(about, order["status"])
        what_next = self.dice.choice(["leave", "cancel", "pay", "pay", "pay", "refund"])
        if what_next == "leave":
            return
        if what_next == "cancel":
            self._step(session, about, "/order/cancel")
        elif self._step(session, about, "/order/pay", method="sandbox") == "paid" and what_next == "refund":
            self._step(session, about, "/order/refund")

    def _step(self, session: requests.Session, about: Any, path: str, **fields: str) -> str | None:
        done = self._ask(session, about[0], path, order_id=about[1], **fields)
        if done is None:
            return None
        self._note(about, done["status"])
        return str(done["status"])

    def _note(self, about: Any, status: str) -> None:
        token, order_id, seats = about
        self.told.append(Told(token, order_id, status, seats))

    def _ask(self, session: requests.Session, token: str, path: str, **fields: Any) -> dict[str, Any] | None:
        """The reply; None when it was refused, which is a fault: nobody else wants these seats."""
        key, deadline = secrets.token_hex(16), time.monotonic() + PATIENCE
        answer = ""
        while time.monotonic() < deadline:
            try:
                reply = session.post(self.stock.mesh.url + path, json=fields, timeout=30, headers={
                    "Authorization": f"Bearer {token}", "Idempotency-Key": key})
            except requests.RequestException as problem:
                answer = type(problem).__name__
            else:
                if reply.status_code == 200:
                    return dict(reply.json())
                answer = f"{reply.status_code} {reply.text[:200]}"
                if reply.status_code not in (503, 504) and "request_in_progress" not in reply.text:
                    break
            time.sleep(0.1)
        self.faults.append(f"{path}: {answer}")
        return None

    def latest(self) -> dict[str, Told]:
        """The last that was told of each order."""
        return {told.order_id: told for told in self.told}


def broken_promises(mesh: Mesh, customers: Customers) -> list[str]:
    """What MariaDB has otherwise than a customer was told; none is the only good answer."""
    rows = mesh.rows("order", "SELECT order_id, status FROM orders")
    status = {row.order_id: row.status for row in rows}
    owner = {(row.screening_id, row.seat_id): row.order_id
             for row in mesh.rows("order", "SELECT screening_id, seat_id, order_id FROM seat_claim")}
    broken = []
    for told in customers.latest().values():
        found = status.get(told.order_id)
        if found not in MAY_BE.get(told.status, {told.status}):
            broken.append(f"{told.order_id} was told {told.status} and is {found}")
        elif found == "paid" and any(owner.get(seat) != told.order_id for seat in told.seats):
            broken.append(f"{told.order_id} is paid without its seats")
    return broken
