"""The seat boards in Redis, kept equal to the claims in MariaDB, which always win."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from prometheus_client import Counter, Gauge
from sqlalchemy.engine import Connection

from schemas.errors import Busy, NotFound
from schemas.order import SEATS_CHANGED
from services.foundation.amqp.announcements import Announcements
from services.foundation.database import Transactions, utc_now
from services.order import store
from services.order.order_view import Rows
from services.seating.board import Board, BoardProvider
from services.seating.board_state import BoardCold, BoardSnapshot, LockLost, Mark, SeatsHeld, milliseconds
from services.seating.sale_queue import PassCheck, QueueOpen

log = logging.getLogger("marquee.boards")
ATTEMPTS = 5
CHECKED = Gauge("marquee_boards_checked_timestamp_seconds", "Up to when the seat boards were compared with the claims.")
# Dashboards of operators know it as "mended", so the name stays.
REPAIRED = Counter("marquee_boards_mended_total", "Seat boards that differed from the claims and were rebuilt.")
OVERLAP = dt.timedelta(seconds=20)  # longer than any transaction may stay uncommitted
LATE_SECONDS = 15.0                 # for this long Redis may still apply an unanswered write


class SeatBoards:
    """The boards of all screenings, as the order room writes them."""

    def __init__(self, board: Board, announcements: Announcements) -> None:
        self._board = board
        self.queue = board.queue
        self._announcements = announcements
        self._run_id = ""
        self._checked_until = dt.datetime.min.replace(tzinfo=dt.UTC)
        # Screenings to check until then (monotonic): a write got no answer, or an order may be being written.
        self._recheck_until: dict[str, float] = {}

    # --- an order's steps; only `hold` may refuse ---

    def hold(self, screening_id: str, owner: str, until: dt.datetime, seats: list[str],
             pass_check: PassCheck | None = None) -> None:
        """Hold the seats for the order about to be written. Raises SeatsHeld, QueueOpen, BoardCold, Busy."""
        with self._recheck_unless_answered(screening_id):
            self._board.hold(screening_id, owner, until, seats, pass_check)
        self._announcements.announce(SEATS_CHANGED, screening_id)

    def publish_held(self, screening_id: str, owner: str, until: dt.datetime, seats: list[str]) -> None:
        """Show the seats as held until then."""
        self._publish("held", screening_id, lambda: self._board.mark_held(screening_id, owner, until, seats))

    def publish_sold(self, screening_id: str, owner: str, seats: list[str]) -> None:
        """Show the seats as sold."""
        self._publish("sold", screening_id, lambda: self._board.mark_sold(screening_id, owner, seats))

    def publish_free(self, screening_id: str, owner: str, seats: list[str]) -> None:
        """Show the seats as free, unless another owner has them."""
        self._publish("free", screening_id, lambda: self._board.mark_free(screening_id, owner, seats))

    def publish_owners(self, screening_id: str, claims: Rows) -> None:
        """Show seats as their claims have them; `claims`: state, seat_id, board_owner, held_until."""
        for row in claims:
            if row.state == "SOLD":
                self.publish_sold(screening_id, row.board_owner, [row.seat_id])
            else:
                self.publish_held(screening_id, row.board_owner, row.held_until, [row.seat_id])

    def _publish(self, state: str, screening_id: str, write: Callable[[], object]) -> None:
        # MariaDB has decided already: a board that can't be written now is repaired by `repair`.
        try:
            with self._recheck_unless_answered(screening_id):
                write()
        except (BoardCold, Busy) as problem:
            log.warning("could not show a seat as %s", state,
                        extra={"screening_id": screening_id, "problem": type(problem).__name__})
        self._announcements.announce(SEATS_CHANGED, screening_id)

    # --- writes that Redis may not have done, or not yet ---

    @contextmanager
    def _recheck_unless_answered(self, screening_id: str) -> Iterator[None]:
        """Check the screening again later unless the board answers.

        Redis does a write after its caller has given up; by then the buyer was refused.
        """
        try:
            yield
        except (SeatsHeld, QueueOpen, BoardCold, LockLost):
            raise
        except BaseException:
            self._watch(screening_id, LATE_SECONDS)
            raise

    def _watch(self, screening_id: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._recheck_until[screening_id] = max(until, self._recheck_until.get(screening_id, until))

    def _stop_watching(self, screening_id: str) -> None:
        """Unless Redis may still do something late."""
        if self._recheck_until.get(screening_id, 0) <= time.monotonic():
            self._recheck_until.pop(screening_id, None)

    # --- rebuilding ---

    def rebuild(self, database: Transactions, screening_id: str, ends_at: dt.datetime, only_cold: bool = False) -> None:
        """Rebuild the board from the claims, under its lock. Raises Busy when the lock can't be had or kept.

        `only_cold`: do nothing if the board is warm by then, so that one of many callers does the work.
        """
        for _ in range(ATTEMPTS):
            with self._board.locked(screening_id) as token:
                if only_cold and self._board.snapshot(screening_id) is not None:
                    return
                epoch, marks = database.run(
                    lambda tx: (store.next_epoch(tx, screening_id, ends_at), wanted_marks(tx, screening_id)))
                # On a cold board Redis does no write; on this one it may yet do one whose caller has given up.
                self._watch(screening_id, LATE_SECONDS)
                with suppress(LockLost):  # this process was too slow, or Redis has lost everything
                    with self._recheck_unless_answered(screening_id):
                        self._board.rebuild(screening_id, token, epoch, ends_at, marks[screening_id])
                    log.info("rebuilt a board",
                             extra={"screening_id": screening_id, "epoch": epoch, "taken": len(marks[screening_id])})
                    self._announcements.announce(SEATS_CHANGED, screening_id)
                    return
        raise Busy(retry_after=1)

    def warm(self, database: Transactions, screening_id: str, ends_at: dt.datetime) -> None:
        """Rebuild the board if it is cold."""
        if self._board.snapshot(screening_id) is None:
            self.rebuild(database, screening_id, ends_at, only_cold=True)

    def repair(self, database: Transactions) -> int:
        """Compare boards with their claims and rebuild those that differ; returns how many.

        Compared are the screenings that have changed since the last pass; after a restart of Redis or of this
        process, all.
        """
        try:
            return self._repair(database)
        except Busy:
            for screening_id in self._recheck_until:  # while Redis does not answer, nothing becomes certain
                self._watch(screening_id, LATE_SECONDS)
            raise

    def _repair(self, database: Transactions) -> int:
        started, run_id, doubtful = utc_now(), self._board.run_id(), list(self._recheck_until)
        if run_id != self._run_id:
            known = database.read(store.upcoming_boards)
            for screening_id in known:  # another process may have had no answer either
                self._watch(screening_id, LATE_SECONDS)
        else:
            changed = database.read(lambda tx: store.screenings_changed_since(tx, self._checked_until - OVERLAP))
            known = database.read(lambda tx: store.upcoming_boards(tx, [*changed, *doubtful]))
        for screening_id in set(doubtful) - known.keys():  # these are over, or nobody has made them a board
            self._stop_watching(screening_id)
        repaired = 0
        for screening_id, ends_at in known.items():
            if self.differs(database, screening_id) and self.differs(database, screening_id):
                self.rebuild(database, screening_id, ends_at)
                repaired += 1
        self._run_id, self._checked_until = run_id, started
        CHECKED.set(started.timestamp())
        REPAIRED.inc(repaired)
        return repaired

    def differs(self, database: Transactions, screening_id: str) -> bool:
        """Whether the board contradicts the claims. A sale between reading both can make it seem so."""
        snapshot = self._board.snapshot(screening_id)
        wanted = database.read(lambda tx: wanted_marks(tx, screening_id)[screening_id])
        if snapshot and any(seat not in wanted and mark.writing_ms for seat, mark in snapshot.marks.items()):
            self._watch(screening_id, 0)  # if that order never comes, nothing else would show it
        else:
            self._stop_watching(screening_id)
        return snapshot is None or bool(odd_seats(snapshot, wanted))


def odd_seats(snapshot: BoardSnapshot, wanted: dict[str, Mark]) -> list[str]:
    """The seats at which the board contradicts the claims. A hold whose order is being written does not."""
    now = milliseconds(utc_now())
    shown = {seat: (mark.state, mark.owner) for seat, mark in snapshot.marks.items()
             if seat in wanted or mark.writing_ms <= now}
    right = {seat: (mark.state, mark.owner) for seat, mark in wanted.items()}
    return sorted({seat for seat, _ in shown.items() ^ right.items()})


def wanted_marks(tx: Connection, *screening_ids: str) -> dict[str, dict[str, Mark]]:
    """The marks that the boards should have by their claims, by screening and seat id."""
    now = utc_now()
    marks: dict[str, dict[str, Mark]] = {screening_id: {} for screening_id in screening_ids}
    for row in store.claims_of(tx, screening_ids):
        if row.state == "SOLD":
            marks[row.screening_id][row.seat_id] = Mark("S", row.board_owner)
        elif row.held_until > now:
            marks[row.screening_id][row.seat_id] = Mark("H", row.board_owner, milliseconds(row.held_until))
    return marks


def warm_boards(boards: SeatBoards, database: Transactions, screening_ids: Iterable[str],
                ends_at: Callable[[str], dt.datetime]) -> None:
    """Rebuild those of the boards that are cold; `ends_at`: when a screening ends."""
    for screening_id in screening_ids:
        try:
            boards.warm(database, screening_id, ends_at(screening_id))
        except (Busy, NotFound) as refusal:
            log.info("a board stays cold", extra={"screening_id": screening_id, "reason": refusal.code})


class SeatBoardsProvider(BoardProvider):
    """Injects SeatBoards."""

    announcements = Announcements()

    def start(self) -> None:
        super().start()
        self.boards = SeatBoards(self.board, self.announcements)

    def get_dependency(self, worker_ctx: Any) -> SeatBoards:  # type: ignore[override]
        return self.boards
