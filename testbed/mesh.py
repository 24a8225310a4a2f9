"""A whole mesh with private ports and folders, used from outside as a buyer uses it."""

import datetime as dt
import itertools
import secrets
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text

from schemas.user import token_id
from testbed.databases import MeshDatabases
from testbed.halls import singles_first
from testbed.ports import free_ports, private_environment
from testbed.processes import ROOT
from testbed.waiting import wait_until

__all__ = ["ROOT", "Mesh", "free_ports", "private_environment", "running_mesh", "wait_until"]


@dataclass
class Mesh(MeshDatabases):
    """A running mesh, its HTTP API, and what is behind it."""

    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @cached_property
    def http(self) -> requests.Session:
        return requests.Session()

    def post(self, path: str, token: str | None = None, key: str | None = None, **fields: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = key
        return self.http.post(self.url + path, json=fields, headers=headers, timeout=60)

    def get(self, path: str, token: str | None = None, **query: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.get(self.url + path, params=query, headers=headers, timeout=60)

    def buyers(self, count: int, roles: str = "[]") -> list[str]:
        """The tokens of `count` new accounts, inserted into MariaDB: hashing 500 passwords would take a while."""
        names = [f"buyer{next(self.numbers)}{secrets.token_hex(4)}" for _ in range(count)]
        tokens = [secrets.token_urlsafe(32) for _ in names]
        with self.engine("user").begin() as tx:
            tx.execute(text("INSERT INTO user (user_id, username, folded, password_hash, roles, created_at) "
                            "VALUES (:u, :n, :n, '!', :r, UTC_TIMESTAMP())"),
                       [{"u": name, "n": name, "r": roles} for name in names])
            tx.execute(text("INSERT INTO token (token_id, user_id, issued_at, expires_at) VALUES "
                            "(:t, :u, UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 1 HOUR)"),
                       [{"t": token_id(token), "u": name} for token, name in zip(tokens, names, strict=True)])
        return tokens

    def buyer(self) -> str:
        return self.buyers(1)[0]

    def staff(self) -> str:
        return self.buyers(1, '["manager"]')[0]

    def fresh_screening(self, capacity: int = 200) -> str:
        """An untouched screening from tomorrow on, in a hall of this size, that no other test was given."""
        found = self._untouched(capacity)
        if found is None:
            self._extend_programme(capacity)
            found = wait_until(lambda: self._untouched(capacity), what=f"an untouched screening with {capacity} seats")
        self.given_out.add(found)
        return str(found)

    @cached_property
    def given_out(self) -> set[str]:
        """The screenings that tests were given, whether they bought seats or not."""
        return set()

    @cached_property
    def _listed(self) -> dict[int, list[str]]:
        """By the capacity of the hall, the screenings that were untouched when the programme was last read."""
        return defaultdict(list)

    def _untouched(self, capacity: int) -> str | None:
        listed = self._listed[capacity]
        while listed:
            screening = listed.pop(0)
            if not self.rows("order", "SELECT 1 FROM orders WHERE screening_id = :s UNION "
                                      "SELECT 1 FROM cancelled_screening WHERE screening_id = :s", s=screening):
                return screening
        listed += self._read_untouched(capacity)
        return listed.pop(0) if listed else None

    def _read_untouched(self, capacity: int) -> list[str]:
        """From the first page of the programme that has some."""
        page, tomorrow = itertools.count(1), (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
        while read := self.get("/film/get_info_list", page=next(page), page_size=100,
                               starts_from=tomorrow).json()["screenings"]:
            if found := [str(screening["screening_id"]) for screening in read
                         if screening["seats_left"] == capacity == screening["hall"]["capacity"]
                         and screening["screening_id"] not in self.given_out]:
                return found
        return []

    def _extend_programme(self, capacity: int) -> None:
        """Repeat the demo programme two weeks later: it lasts some days only, and many tests need a screening each."""
        self.rows("film", """
            INSERT INTO screening (screening_id, film_id, hall_id, starts_at, ends_at, local_date, currency, price_from,
                                   prices)
            SELECT REPLACE(UUID(), '-', ''), film_id, hall_id, starts_at + INTERVAL 14 DAY, ends_at + INTERVAL 14 DAY,
                   local_date + INTERVAL 14 DAY, currency, price_from, prices
            FROM screening JOIN hall USING (hall_id) WHERE capacity = :capacity""", capacity=capacity)

    def wait_for_map(self, screening_id: str) -> None:
        """Wait until the seats of a screening are known, of which nobody may have asked before."""
        wait_until(lambda: self.get("/film/get_hall_info", screening_id=screening_id).status_code == 200,
                   what="the map to be drawn")

    def seats(self, screening_id: str) -> dict[str, str]:
        """The state of each seat, by seat id, as a buyer sees it; seats that are sold one by one come first."""
        hall = self.get("/film/get_hall_info", screening_id=screening_id).json()
        return {seat["seat_id"]: seat["state"] for seat in singles_first(hall)}


@contextmanager
def running_mesh(folder: Path, **settings: Any) -> Iterator[Mesh]:
    mesh = Mesh(folder, private_environment(folder, **settings))
    try:
        mesh.operate("start")
        yield mesh
    finally:
        mesh.operate("stop", check=False)
