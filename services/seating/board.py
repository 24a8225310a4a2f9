"""The seat board: one Redis hash per screening, written only by scripts that check the screening's lock.

    seats:{<screening>}   seat id -> "<state>|<owner>|<deadline>|<writing until>", and _epoch, _version;
                          H held or S sold; moments in ms of Redis time. A hold is made just before its order is
                          written, so until `writing` it may stand without one.
    lock:{<screening>}    the distributed lock for work of several steps, such as a rebuild

Each field is a lease with an owner and a deadline, judged when it is read (Gray and Cheriton, Leases, 1989). The board
is a courtesy: MariaDB decides who owns a seat, and the board can be rebuilt from there at any time.
"""

import datetime as dt
import random
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import eventlet
from redis.lock import Lock

from schemas.errors import Busy, RoomUnavailable
from schemas.film import SeatsUnknown
from services.foundation.redis_client import Redis, RedisError, run_for_each
from services.seating.board_state import BoardCold, BoardSnapshot, LockLost, Mark, SeatsHeld, milliseconds
from services.seating.sale_queue import NO_PASS_CHECK, PassCheck, QueueOpen, SaleQueue, moment, queue_keys

SCRIPTS = Path(__file__).parent / "scripts"
WRITING_SECONDS = 10.0     # longer than the transaction that follows a hold may take
LOCK_SECONDS = 5.0         # after which a lock ends by itself
LOCK_WAIT_SECONDS = 3.0    # how long a call waits for a locked board
KEPT_AFTER_END = dt.timedelta(hours=6)


def _keys(screening_id: str) -> list[str]:
    # The braces keep both keys in one slot of a Redis Cluster.
    return [f"seats:{{{screening_id}}}", f"lock:{{{screening_id}}}"]


class Board:
    """The boards of all screenings. Without Redis, reading raises SeatsUnknown, everything else RoomUnavailable.

    `queue`: the queues of all screenings, in the same Redis.
    """

    def __init__(self, client: Any) -> None:
        """`client`: one of redis_client.connect."""
        self._client = client
        self.queue = SaleQueue(client)
        self._scripts = {path.stem: client.register_script(path.read_text()) for path in SCRIPTS.glob("*.lua")}

    # --- reading ---

    def snapshot(self, screening_id: str) -> BoardSnapshot | None:
        """The board as it is now; None when Redis has none (it is cold)."""
        try:
            status, *rest = self._scripts["snapshot"](_keys(screening_id)[:1])
        except RedisError as problem:
            raise SeatsUnknown(retry_after=1) from problem
        if status == "COLD":
            return None
        marks = {seat: Mark.parse(value) for seat, value in zip(rest[1::2], rest[2::2], strict=True)}
        return BoardSnapshot(int(rest[0]), marks)

    def taken_seats(self, screening_ids: list[str]) -> dict[str, set[str] | None]:
        """The ids of the taken seats of each screening, in one round trip; None for a cold board."""
        try:
            replies = run_for_each(self._client, self._scripts["taken"], [_keys(each)[0] for each in screening_ids])
        except RedisError as problem:
            raise SeatsUnknown(retry_after=1) from problem
        return {name: None if seats == "COLD" else set(seats.split())
                for name, seats in zip(screening_ids, replies, strict=True)}

    # --- writing ---

    def hold(self, screening_id: str, owner: str, until: dt.datetime, seats: Iterable[str],
             pass_check: PassCheck | None = None) -> None:
        """Hold all of the seats for `owner` until that moment, or none; holding them again changes only the deadline.

        Raises SeatsHeld with the seats that others have, BoardCold, QueueOpen if the screening has a queue and this
        `pass_check` (None: of a buyer who needs no pass) fails, or Busy when the board stays locked for longer than
        LOCK_WAIT_SECONDS.
        """
        asked = pass_check.arguments() if pass_check else NO_PASS_CHECK
        self._write(screening_id, "hold", [owner, milliseconds(until), int(WRITING_SECONDS * 1000), *asked, *seats],
                    queue_keys(screening_id))

    def mark_held(self, screening_id: str, owner: str, until: dt.datetime, seats: Iterable[str]) -> None:
        """Show that the owner's order holds these seats until that moment. Raises BoardCold, Busy.

        Like the other marks it leaves alone what belongs to another owner by now, and it shortens no hold: a late mark
        must not undo a newer one.
        """
        self._write(screening_id, "mark", [owner, "H", milliseconds(until), *seats])

    def mark_sold(self, screening_id: str, owner: str, seats: Iterable[str]) -> None:
        """Show that the owner's order was paid and these seats are sold. Raises BoardCold, Busy."""
        self._write(screening_id, "mark", [owner, "S", 0, *seats])

    def mark_free(self, screening_id: str, owner: str, seats: Iterable[str]) -> None:
        """Show as free those of the seats that this owner had. Raises BoardCold, Busy."""
        self._write(screening_id, "mark", [owner, "F", 0, *seats])

    @contextmanager
    def locked(self, screening_id: str) -> Iterator[str]:
        """Hold the screening's lock during the block and yield its token; all other writes wait meanwhile.

        The lock ends by itself after LOCK_SECONDS, so what is written under it must check the token, as `rebuild` does.
        Raises Busy after LOCK_WAIT_SECONDS. The algorithm is that of a single Redis instance (SET NX PX with a random
        token, compared when it is released; redis.io, Distributed Locks).
        """
        token = secrets.token_hex(16)
        lock = Lock(self._client, _keys(screening_id)[1], timeout=LOCK_SECONDS, sleep=0.02,
                    blocking_timeout=LOCK_WAIT_SECONDS, thread_local=False, raise_on_release_error=False)
        try:
            acquired = lock.acquire(token=token)
        except RedisError as problem:
            raise RoomUnavailable(room="redis") from problem
        if not acquired:
            raise Busy(retry_after=1)
        try:
            yield token
        finally:
            with suppress(RedisError):  # without Redis it ends by itself
                lock.release()

    def rebuild(self, screening_id: str, token: str, epoch: int, ends_at: dt.datetime,
                marks: dict[str, Mark]) -> None:
        """Replace the board by `marks`, except for holds whose orders may just be being written.

        `epoch` must be higher than that of any earlier rebuild, because versions start from it. The board expires
        KEPT_AFTER_END after `ends_at`, the end of the screening. Raises LockLost unless `token` still has the lock.
        """
        pairs = [text for seat, mark in marks.items() for text in (seat, str(mark))]
        arguments: list[str | int] = [token, epoch, milliseconds(ends_at + KEPT_AFTER_END), *pairs]
        try:
            (status, *_rest) = self._scripts["rebuild"](_keys(screening_id), arguments)
        except RedisError as problem:
            raise RoomUnavailable(room="redis") from problem
        if status == "REFUSED":
            raise LockLost(screening_id)

    def run_id(self) -> str:
        """The id of this run of Redis, or of a cluster's masters: when one restarts or fails over, it changes.

        With it boards may be lost or old.
        """
        try:
            return str(self._client.run_ids())
        except RedisError as problem:
            raise RoomUnavailable(room="redis") from problem

    def _write(self, screening_id: str, script: str, arguments: list[Any], more_keys: Iterable[str] = ()) -> None:
        keys, waited = [*_keys(screening_id), *more_keys], 0.0
        while True:
            try:
                status, *rest = self._scripts[script](keys, arguments)
            except RedisError as problem:
                raise RoomUnavailable(room="redis") from problem
            match status:
                case "OK":
                    return
                case "TAKEN":
                    raise SeatsHeld(list(rest))
                case "COLD":
                    raise BoardCold(screening_id)
                case "QUEUE":
                    waiting, drawn_at, now = map(int, rest)
                    raise QueueOpen(waiting, moment(drawn_at) if drawn_at > now else None)
            if waited >= LOCK_WAIT_SECONDS:
                raise Busy(retry_after=1)
            pause = random.uniform(0.02, 0.1)
            waited += pause
            eventlet.sleep(pause)


class BoardProvider(Redis):
    """Injects the Board into a room. The order room writes it; the film room reads it (`snapshot`, `taken_seats`)."""

    def start(self) -> None:
        """Connect, and load the scripts."""
        super().start()
        self.board = Board(self.client)

    def get_dependency(self, worker_ctx: Any) -> Board:
        """The same Board for every call."""
        return self.board
