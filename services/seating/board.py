"""The seat board: one Redis hash a screening, written only by scripts that check the screening's lock.

    seats:{<screening>}   seat id -> "<state>|<owner>|<deadline>|<writing until>", and _epoch, _version;
                          H held or S sold; moments in ms of Redis time. A hold is made just before its order is
                          written, so until `writing` it may stand without one.
    lock:{<screening>}    the distributed lock for work of several steps, such as a rebuild

Each field is a lease with an owner and a deadline, judged when read. The board is a courtesy: who owns a
seat is decided by MariaDB, and the board can be rebuilt from there at any time.
"""

import datetime as dt
import random
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import eventlet
from redis import Redis as Client
from redis.lock import Lock

from schemas.errors import Busy, RoomUnavailable
from schemas.film import SeatsUnknown
from services.foundation.redis_client import Redis, RedisError

SCRIPTS = Path(__file__).parent / "scripts"
WRITING_SECONDS = 10.0     # longer than the transaction that follows a hold may take
LOCK_SECONDS = 5.0
PATIENCE_SECONDS = 3.0     # how long a locked board is waited for
FORGET_AFTER = dt.timedelta(hours=6)


class SeatsHeld(Exception):
    """Some of the seats wanted are taken; none was held."""

    def __init__(self, seats: list[str]) -> None:
        super().__init__(seats)
        self.seats = seats


class BoardCold(Exception):
    """Redis knows nothing of this screening; the board must be rebuilt first."""


class LockLost(Exception):
    """The rebuild took longer than its lock and was refused."""


@dataclass(frozen=True)
class Mark:
    """One field of the board, as MariaDB would have it."""

    state: str
    owner: str
    deadline_ms: int = 0
    writing_ms: int = 0

    def __str__(self) -> str:
        return f"{self.state}|{self.owner}|{self.deadline_ms}|{self.writing_ms}"


@dataclass(frozen=True)
class BoardSnapshot:
    """A board at one moment. `version` rises with every change; free seats are not in `marks`."""

    version: int
    marks: dict[str, Mark]

    @property
    def taken(self) -> dict[str, str]:
        """Seat id -> "held" or "sold"."""
        return {seat: "sold" if mark.state == "S" else "held" for seat, mark in self.marks.items()}


def milliseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)


def _keys(screening_id: str) -> list[str]:
    # The braces keep both keys in one slot of a Redis Cluster.
    return [f"seats:{{{screening_id}}}", f"lock:{{{screening_id}}}"]


class Board:
    """Every board of this Redis. All methods raise RoomUnavailable (reads: SeatsUnknown) when Redis is down."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._scripts = {path.stem: client.register_script(path.read_text()) for path in SCRIPTS.glob("*.lua")}

    # --- reading ---

    def look(self, screening_id: str) -> BoardSnapshot | None:
        """The board now, or None when it is cold."""
        try:
            status, *rest = self._scripts["look"](_keys(screening_id)[:1])
        except RedisError as problem:
            raise SeatsUnknown(retry_after=1) from problem
        if status == "COLD":
            return None
        marks = {seat: _parse(value) for seat, value in zip(rest[1::2], rest[2::2], strict=True)}
        return BoardSnapshot(int(rest[0]), marks)

    def taken_seats(self, screening_ids: list[str]) -> dict[str, set[str] | None]:
        """Which seats are taken, by screening; None for a cold board."""
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                for screening_id in screening_ids:
                    self._scripts["taken"](_keys(screening_id)[:1], client=pipeline)
                told = pipeline.execute()
        except RedisError as problem:
            raise SeatsUnknown(retry_after=1) from problem
        return {name: None if seats == "COLD" else set(seats.split())
                for name, seats in zip(screening_ids, told, strict=True)}

    # --- writing ---

    def hold(self, screening_id: str, owner: str, until: dt.datetime, seats: Iterable[str]) -> None:
        """Hold all the seats, or raise SeatsHeld with the losers. Repeating it is harmless."""
        self._write(screening_id, "hold", [owner, milliseconds(until), int(WRITING_SECONDS * 1000), *seats])

    def show_held(self, screening_id: str, owner: str, until: dt.datetime, seats: Iterable[str]) -> None:
        """The owner's order holds its seats until then."""
        self._write(screening_id, "mark", [owner, "H", milliseconds(until), *seats])

    def show_sold(self, screening_id: str, owner: str, seats: Iterable[str]) -> None:
        """The owner's order was paid."""
        self._write(screening_id, "mark", [owner, "S", 0, *seats])

    def show_free(self, screening_id: str, owner: str, seats: Iterable[str]) -> None:
        """What this owner had is free again."""
        self._write(screening_id, "mark", [owner, "F", 0, *seats])

    @contextmanager
    def locked(self, screening_id: str) -> Iterator[str]:
        """Hold the screening's lock; yields its token. Everyone else's writes wait meanwhile."""
        token = secrets.token_hex(16)
        lock = Lock(self._client, _keys(screening_id)[1], timeout=LOCK_SECONDS, sleep=0.02,
                    blocking_timeout=PATIENCE_SECONDS, thread_local=False, raise_on_release_error=False)
        try:
            acquired = lock.acquire(token=token)
        except RedisError as problem:
            raise RoomUnavailable(room="redis") from problem
        if not acquired:
            raise Busy(retry_after=1)
        try:
            yield token
        finally:
            with suppress(RedisError):  # then it ends by itself, after LOCK_SECONDS
                lock.release()

    def rebuild(self, screening_id: str, token: str, epoch: int, ends_at: dt.datetime,
                marks: dict[str, Mark]) -> None:
        """Replace the board by `marks`. Raises LockLost unless `token` still has the lock."""
        pairs = [text for seat, mark in marks.items() for text in (seat, str(mark))]
        arguments: list[str | int] = [token, epoch, milliseconds(ends_at + FORGET_AFTER), *pairs]
        try:
            (status, *_rest) = self._scripts["rebuild"](_keys(screening_id), arguments)
        except RedisError as problem:
            raise RoomUnavailable(room="redis") from problem
        if status == "REFUSED":
            raise LockLost(screening_id)

    def run_id(self) -> str:
        """Changes when Redis restarts."""
        try:
            return str(self._client.info("server")["run_id"])
        except RedisError as problem:
            raise RoomUnavailable(room="redis") from problem

    def _write(self, screening_id: str, script: str, arguments: list[Any]) -> None:
        waited = 0.0
        while True:
            try:
                status, *rest = self._scripts[script](_keys(screening_id), arguments)
            except RedisError as problem:
                raise RoomUnavailable(room="redis") from problem
            match status:
                case "OK":
                    return
                case "TAKEN":
                    raise SeatsHeld(list(rest))
                case "COLD":
                    raise BoardCold(screening_id)
            if waited >= PATIENCE_SECONDS:
                raise Busy(retry_after=1)
            pause = random.uniform(0.02, 0.1)
            waited += pause
            eventlet.sleep(pause)


def _parse(value: str) -> Mark:
    state, owner, deadline, writing = value.split("|")
    return Mark(state, owner, int(deadline), int(writing))


class SeatBoard(Redis):
    """Injects the Board into the room that writes it."""

    def start(self) -> None:
        super().start()
        self.board = Board(self.client)

    def get_dependency(self, worker_ctx: Any) -> Board:
        return self.board


class BoardReader(SeatBoard):
    """Injects the Board into a room that only reads it (`look`, `taken_seats`)."""
