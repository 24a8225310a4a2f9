"""Keeping the seat boards true to the claims in MariaDB, which wins, always."""

import datetime as dt
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.engine import Connection

from schemas import order as contract
from schemas.errors import Busy
from services.foundation.amqp.announcements import Announcements
from services.foundation.database import Transactions, utc_now
from services.order import store
from services.order.models import Base
from services.seating.board import (
    Board,
    BoardCold,
    BoardProvider,
    BoardSnapshot,
    LockLost,
    Mark,
    SeatsHeld,
    milliseconds,
)

log = logging.getLogger("marquee.boards")
epochs = Base.metadata.tables["board_epoch"]
TRIES = 5
OVERLAP = dt.timedelta(seconds=20)  # longer than any transaction may stay uncommitted
LATE_SECONDS = 15.0                 # a write that Redis has not answered may still be done for so long


class Boards:
    """The boards of all screenings, as the order room writes them."""

    def __init__(self, board: Board, announcements: Announcements) -> None:
        self._board = board
        self._announcements = announcements
        self._run_id = ""
        self._checked_until = dt.datetime.min.replace(tzinfo=dt.UTC)
        # Screenings to look at until then (monotonic): a write has had no answer, or an order is perhaps being written.
        self._look_again: dict[str, float] = {}

    # --- an order's steps; only `hold` may refuse ---

    def hold(self, screening_id: str, owner: str, until: dt.datetime, seats: list[str]) -> None:
        """Hold the seats for the order about to be written. Raises SeatsHeld, BoardCold, Busy."""
        with self._doubting(screening_id):
            self._board.hold(screening_id, owner, until, seats)
        self._announcements.announce(contract.SEATS_CHANGED, screening_id)

    def show_held(self, screening_id: str, owner: str, until: dt.datetime, seats: list[str]) -> None:
        self._show("held", screening_id, lambda: self._board.mark_held(screening_id, owner, until, seats))

    def show_sold(self, screening_id: str, owner: str, seats: list[str]) -> None:
        self._show("sold", screening_id, lambda: self._board.mark_sold(screening_id, owner, seats))

    def show_free(self, screening_id: str, owner: str, seats: list[str]) -> None:
        self._show("free", screening_id, lambda: self._board.mark_free(screening_id, owner, seats))

    def show_owners(self, screening_id: str, claims: store.Rows) -> None:
        """Show these seats as their claims have them."""
        for row in claims:
            if row.state == "SOLD":
                self.show_sold(screening_id, row.board_owner, [row.seat_id])
            else:
                self.show_held(screening_id, row.board_owner, row.held_until, [row.seat_id])

    def _show(self, what: str, screening_id: str, write: Any) -> None:
        # MariaDB has decided already: a board that can't be told now is put right by `keep`.
        try:
            with self._doubting(screening_id):
                write()
        except (BoardCold, Busy) as problem:
            log.warning("could not show a seat as %s", what,
                        extra={"screening_id": screening_id, "problem": type(problem).__name__})
        self._announcements.announce(contract.SEATS_CHANGED, screening_id)

    # --- writes that were perhaps not done, or not yet ---

    @contextmanager
    def _doubting(self, screening_id: str) -> Iterator[None]:
        """Have the screening looked at again unless the board has answered.

        A write that Redis was too slow for is done when Redis goes on, and by then its buyer was refused.
        """
        try:
            yield
        except (SeatsHeld, BoardCold, LockLost):
            raise
        except BaseException:
            self._watch(screening_id, LATE_SECONDS)
            raise

    def _watch(self, screening_id: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._look_again[screening_id] = max(until, self._look_again.get(screening_id, until))

    # --- rebuilding ---

    def rebuild(self, database: Transactions, screening_id: str, ends_at: dt.datetime, only_cold: bool = False) -> None:
        """Write the board anew from the claims, under its lock. Raises Busy when the lock can't be had or kept.

        `only_cold`: of many who found the board cold, one does the work.
        """
        for _ in range(TRIES):
            with self._board.locked(screening_id) as token:
                if only_cold and self._board.snapshot(screening_id) is not None:
                    return
                epoch, marks = database.run(
                    lambda tx: (_next_epoch(tx, screening_id, ends_at), wanted_marks(tx, screening_id)))
                with suppress(LockLost):  # we were too slow, or Redis has lost the lock with everything else
                    with self._doubting(screening_id):
                        self._board.rebuild(screening_id, token, epoch, ends_at, marks)
                    log.info("rebuilt a board",
                             extra={"screening_id": screening_id, "epoch": epoch, "taken": len(marks)})
                    self._announcements.announce(contract.SEATS_CHANGED, screening_id)
                    return
        raise Busy(retry_after=1)

    def warm(self, database: Transactions, screening_id: str, ends_at: dt.datetime) -> None:
        """Rebuild the board if it is cold."""
        if self._board.snapshot(screening_id) is None:
            self.rebuild(database, screening_id, ends_at, only_cold=True)

    def keep(self, database: Transactions) -> int:
        """Compare with the claims what changed since the last pass, everything after a restart; mend and count."""
        try:
            return self._keep(database)
        except Busy:
            for screening_id in self._look_again:  # while Redis says nothing, nothing becomes certain
                self._watch(screening_id, LATE_SECONDS)
            raise

    def _keep(self, database: Transactions) -> int:
        started, run_id, doubtful = utc_now(), self._board.run_id(), list(self._look_again)
        if run_id != self._run_id:
            known = database.read(upcoming_boards)
            for screening_id in known:  # whoever wrote before us may have had no answer either
                self._watch(screening_id, LATE_SECONDS)
        else:
            changed = database.read(lambda tx: store.screenings_changed_since(tx, self._checked_until - OVERLAP))
            known = database.read(lambda tx: upcoming_boards(tx, [*changed, *doubtful]))
        for screening_id in set(doubtful) - known.keys():  # these are over
            self._look_again.pop(screening_id, None)
        mended = 0
        for screening_id, ends_at in known.items():
            if self.differs(database, screening_id) and self.differs(database, screening_id):
                self.rebuild(database, screening_id, ends_at)
                mended += 1
        self._run_id, self._checked_until = run_id, started
        return mended

    def differs(self, database: Transactions, screening_id: str) -> bool:
        """Whether the board contradicts the claims. A sale between the two looks can make it seem so."""
        look = self._board.snapshot(screening_id)
        wanted = database.read(lambda tx: wanted_marks(tx, screening_id))
        if look and any(seat not in wanted and mark.writing_ms for seat, mark in look.marks.items()):
            self._watch(screening_id, 0)  # if that order never comes, nothing else would tell us
        elif self._look_again.get(screening_id, 0) <= time.monotonic():
            self._look_again.pop(screening_id, None)
        return look is None or bool(odd_seats(look, wanted))


def odd_seats(look: BoardSnapshot, wanted: dict[str, Mark]) -> list[str]:
    """Where the board says something else than the claims do. A hold whose order is being written is no lie."""
    now = milliseconds(utc_now())
    shown = {seat: (mark.state, mark.owner) for seat, mark in look.marks.items()
             if seat in wanted or mark.writing_ms <= now}
    right = {seat: (mark.state, mark.owner) for seat, mark in wanted.items()}
    return sorted({seat for seat, _ in shown.items() ^ right.items()})


def wanted_marks(tx: Connection, screening_id: str) -> dict[str, Mark]:
    now = utc_now()
    return {
        row.seat_id: Mark("S", row.board_owner) if row.state == "SOLD"
        else Mark("H", row.board_owner, milliseconds(row.held_until))
        for row in store.all_claims(tx, screening_id)
        if row.state == "SOLD" or row.held_until > now
    }


def _next_epoch(tx: Connection, screening_id: str, ends_at: dt.datetime) -> int:
    tx.execute(insert(epochs).values(screening_id=screening_id, epoch=1, ends_at=ends_at)
               .on_duplicate_key_update(epoch=epochs.c.epoch + 1))
    return int(tx.execute(select(epochs.c.epoch).where(epochs.c.screening_id == screening_id)).scalar_one())


def upcoming_boards(tx: Connection, only: list[str] | None = None) -> dict[str, dt.datetime]:
    query = select(epochs.c.screening_id, epochs.c.ends_at).where(epochs.c.ends_at > utc_now())
    if only is not None:
        query = query.where(epochs.c.screening_id.in_(only))
    return {row.screening_id: row.ends_at for row in tx.execute(query)}


class SeatBoards(BoardProvider):
    """Injects Boards."""

    announcements = Announcements()

    def start(self) -> None:
        super().start()
        self.boards = Boards(self.board, self.announcements)

    def get_dependency(self, worker_ctx: Any) -> Boards:  # type: ignore[override]
        return self.boards
