"""A whole mesh with private ports and folders, driven from outside as a user would."""

import datetime as dt
import itertools
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import nameko
import redis
import requests
from kombu import Connection
from nameko.cli.utils.config import load_config
from sqlalchemy import Engine, create_engine, text

from operations.checks.invariants import check_all
from operations.processes.supervision import Supervisor
from testbed.halls import singles_first

ROOT = Path(__file__).resolve().parents[1]
BELOW_THE_KERNELS = range(30_000, 32_700)
PORTS = ("MARQUEE_PORT", "MARQUEE_AMQP_PORT", "MARQUEE_REDIS_PORT", "MARQUEE_DB_PORT")


def free_ports(count: int) -> list[int]:
    """Ports at which nobody listens.

    The kernel gives no outgoing connection one of these, as it might with port 0 before we come to use it; nor are
    they RabbitMQ's distribution ports. Processes of one test run choose among different ones.
    """
    found: list[int] = []
    mine = BELOW_THE_KERNELS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8::8]
    while len(found) < count:
        port = secrets.choice([port for port in mine if port not in found])
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found


def private_environment(folder: Path, **settings: Any) -> dict[str, str]:
    """The environment of a mesh that shares nothing with any other."""
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    return {**os.environ, **ports, "MARQUEE_RUN": str(folder), **{name: str(value) for name, value in settings.items()}}


def wait_until(condition: Callable[[], Any], seconds: float = 30, what: object = "it") -> Any:
    """The first true value of `condition`; when `seconds` have passed, fails and says for `what`, as it is then."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)


@dataclass
class Mesh:
    """A running mesh and the ground truth behind it."""

    folder: Path
    environment: dict[str, str]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def operate(self, *verb: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`python -m operations <verb>`, in this mesh's environment."""
        done = subprocess.run([sys.executable, "-W", "ignore", "-m", "operations", *verb], cwd=ROOT,
                              env=self.environment, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0 or not check, f"{verb}: {done.stdout}\n{done.stderr}"
        return done

    @cached_property
    def settings(self) -> dict[str, Any]:
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            with (ROOT / "config.yml").open() as file:
                return dict(load_config(file))
        finally:
            os.environ.clear()
            os.environ.update(before)

    # --- as its users see it ---

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['MARQUEE_PORT']}"

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
        """Tokens of `count` new accounts, written straight into MariaDB: hashing 500 passwords takes a while."""
        names = [f"buyer{next(self.numbers)}{secrets.token_hex(4)}" for _ in range(count)]
        tokens = [secrets.token_urlsafe(32) for _ in names]
        from schemas.user import token_id

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
        return self.buyers(1, '["staff"]')[0]

    def fresh_screening(self, capacity: int = 200) -> str:
        """A screening from tomorrow on, in a hall of this size, that was not given out before and is untouched."""
        found = self._untouched(capacity)
        if found is None:
            self._prolong_programme(capacity)
            found = wait_until(lambda: self._untouched(capacity), what=f"an untouched screening with {capacity} seats")
        self.given_out.add(found)
        return str(found)

    @cached_property
    def given_out(self) -> set[str]:
        """Screenings that belong to some test, whether they look so or not."""
        return set()

    def _untouched(self, capacity: int) -> str | None:
        page, tomorrow = itertools.count(1), (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
        while found := self.get("/film/get_info_list", page=next(page), page_size=100,
                                starts_from=tomorrow).json()["screenings"]:
            for screening in found:
                untouched = screening["seats_left"] == capacity == screening["hall"]["capacity"]
                if untouched and screening["screening_id"] not in self.given_out:
                    return str(screening["screening_id"])
        return None

    def _prolong_programme(self, capacity: int) -> None:
        """The demo programme is for some days only, and many tests need a hall of their own: the same again later."""
        self.rows("film", """
            INSERT INTO screening (screening_id, film_id, hall_id, starts_at, ends_at, local_date, currency, price_from,
                                   prices)
            SELECT REPLACE(UUID(), '-', ''), film_id, hall_id, starts_at + INTERVAL 14 DAY, ends_at + INTERVAL 14 DAY,
                   local_date + INTERVAL 14 DAY, currency, price_from, prices
            FROM screening JOIN hall USING (hall_id) WHERE capacity = :capacity""", capacity=capacity)

    def seats(self, screening_id: str) -> dict[str, str]:
        """Seat id -> state, as a buyer sees the hall; first come those that are sold one by one."""
        hall = self.get("/film/get_hall_info", screening_id=screening_id).json()
        return {seat["seat_id"]: seat["state"] for seat in singles_first(hall)}

    # --- the truth ---

    @cached_property
    def _engines(self) -> dict[str, Engine]:
        return {}

    def engine(self, room: str) -> Engine:
        if room not in self._engines:
            self._engines[room] = create_engine(self.settings["DB_URIS"][f"{room}:Base"], pool_pre_ping=True)
        return self._engines[room]

    def in_queues(self, *names: str) -> int:
        """Messages that are ready there; `list_queues` would say how many there were some seconds ago."""
        with Connection(self.settings["AMQP_URI"]) as connection, connection.channel() as channel:
            return sum(channel.queue_declare(name, passive=True).message_count for name in names)

    def rows(self, room: str, query: str, **values: Any) -> list[Any]:
        with self.engine(room).begin() as tx:
            result = tx.execute(text(query), values)
            return list(result) if result.returns_rows else []

    @cached_property
    def redis(self) -> "redis.Redis[str]":
        return redis.Redis.from_url(self.settings["REDIS_URIS"]["marquee"], decode_responses=True)

    def check_invariants(self, seconds: float = 30) -> None:
        """All of them hold, as `operations check` says, as soon as the mesh has come to rest."""
        found: list[str] = []

        def all_hold() -> bool:
            with nameko.config.patch(self.settings, clear=True):
                found[:] = [str(finding) for finding in check_all(passes=1) if finding.breaches]
            return not found

        wait_until(all_hold, seconds, found)

    # --- its processes ---

    @cached_property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.folder)

    def pid(self, program: str) -> int:
        return int(next(p["pid"] for p in self.supervisor.processes(program) if p["pid"]))

    def kill(self, program: str, how: signal.Signals = signal.SIGKILL) -> None:
        os.kill(self.pid(program), how)

    def is_ready(self) -> bool:
        try:
            return requests.get(self.url + "/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def wait_ready(self) -> None:
        wait_until(self.is_ready, 60, "a ready mesh")

    @contextmanager
    def without(self, *programs: str) -> Iterator[None]:
        """These programs are stopped inside, and back and ready afterwards."""
        self.supervisor.stop(*programs)
        try:
            yield
        finally:
            self.supervisor.start(*programs)
            self.wait_ready()

    @contextmanager
    def paused(self, program: str) -> Iterator[None]:
        pid = self.pid(program)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
            self.wait_ready()

    def log(self, room: str) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted((self.folder / "log").glob(f"{room}*.log*")))


@contextmanager
def running_mesh(folder: Path, **settings: Any) -> Iterator[Mesh]:
    mesh = Mesh(folder, private_environment(folder, **settings))
    try:
        mesh.operate("start")
        yield mesh
    finally:
        mesh.operate("stop", check=False)
