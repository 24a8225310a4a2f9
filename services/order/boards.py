"""Keeping the seat boards true to the claims in MariaDB, which wins, always."""

import datetime as dt
import logging
from contextlib import suppress
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.engine import Connection

from schemas import order as contract
from schemas.errors import Busy
from services.foundation.announcements import Announcements
from services.foundation.database import Transactions, utc_now
from services.order import store
from services.order.models import Base
from services.seating.board import Board, BoardCold, LockLost, Look, Mark, SeatBoard, milliseconds

log = logging.getLogger("marquee.boards")
epochs = Base.metadata.tables["board_epoch"]
TRIES = 5
OVERLAP = dt.timedelta(seconds=20)  # longer than any transaction may stay uncommitted


class Boards:
    """The boards of all screenings, as the order room writes them."""

    def __init__(self, board: Board, announcements: Announcements) -> None:
        self._board = board
        self._announcements = announcements
        self._run_id = ""
        self._checked_until = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._look_again: set[str] = set()  # screenings with a hold whose order was perhaps being written

    # --- an order's steps; only `hold` may refuse ---

    def hold(self, screening_id: str, owner: str, until: dt.datetime, seats: list[str]) -> None:
        """Hold the seats for the order about to be written. Raises SeatsHeld, BoardCold, Busy."""
        self._board.hold(screening_id, owner, until, seats)
        self._announcements.announce(contract.SEATS_CHANGED, screening_id)

    def show_held(self, screening_id: str, owner: str, until: dt.datetime, seats: list[str]) -> None:
        self._show("held", screening_id, lambda: self._board.show_held(screening_id, owner, until, seats))

    def show_sold(self, screening_id: str, owner: str, seats: list[str]) -> None:
        self._show("sold", screening_id, lambda: self._board.show_sold(screening_id, owner, seats))

    def show_free(self, screening_id: str, owner: str, seats: list[str]) -> None:
        self._show("free", screening_id, lambda: self._board.show_free(screening_id, owner, seats))

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
            write()
        except (BoardCold, Busy) as problem:
            log.warning("could not show a seat as %s", what,
                        extra={"screening_id": screening_id, "problem": type(problem).__name__})
        self._announcements.announce(contract.SEATS_CHANGED, screening_id)

    # --- rebuilding ---

    def rebuild(self, database: Transactions, screening_id: str, ends_at: dt.datetime, only_cold: bool = False) -> None:
        """Write the board anew from the claims, under its lock. Raises Busy when the lock can't be had or kept.

        `only_cold`: of many who found the board cold, one does the work.
        """
        for _ in range(TRIES):
            with self._board.locked(screening_id) as token:
                if only_cold and self._board.look(screening_id) is not None:
                    return
                epoch, marks = database.run(
                    lambda tx: (_next_epoch(tx, screening_id, ends_at), wanted_marks(tx, screening_id)))
                with suppress(LockLost):  # we were too slow, or Redis has lost the lock with everything else
                    self._board.rebuild(screening_id, token, epoch, ends_at, marks)
                    log.info("rebuilt a board",
                             extra={"screening_id": screening_id, "epoch": epoch, "taken": len(marks)})
                    self._announcements.announce(contract.SEATS_CHANGED, screening_id)
                    return
        raise Busy(retry_after=1)

    def warm(self, database: Transactions, screening_id: str, ends_at: dt.datetime) -> None:
        """Rebuild the board if it is cold."""
        if self._board.look(screening_id) is None:
            self.rebuild(database, screening_id, ends_at, only_cold=True)

    def keep(self, database: Transactions) -> int:
        """Compare with the claims what changed since the last pass, everything after a restart; mend and count."""
        started, run_id = utc_now(), self._board.run_id()
        if run_id != self._run_id:
            known = database.read(upcoming_boards)
        else:
            changed = database.read(lambda tx: store.screenings_changed_since(tx, self._checked_until - OVERLAP))
            known = database.read(lambda tx: upcoming_boards(tx, [*changed, *self._look_again]))
        self._look_again.intersection_update(known)
        mended = 0
        for screening_id, ends_at in known.items():
            if self.differs(database, screening_id) and self.differs(database, screening_id):
                self.rebuild(database, screening_id, ends_at)
                mended += 1
        self._run_id, self._checked_until = run_id, started
        return mended

    def differs(self, database: Transactions, screening_id: str) -> bool:
        """Whether the board contradicts the claims. A sale between the two looks can make it seem so."""
        look = self._board.look(screening_id)
        wanted = database.read(lambda tx: wanted_marks(tx, screening_id))
        if look and any(seat not in wanted and mark.writing_ms for seat, mark in look.marks.items()):
            self._look_again.add(screening_id)  # if that order never comes, nothing else would tell us
        else:
            self._look_again.discard(screening_id)
        return look is None or bool(odd_seats(look, wanted))


def odd_seats(look: Look, wanted: dict[str, Mark]) -> list[str]:
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


class SeatBoards(SeatBoard):
    """Injects Boards."""

    announcements = Announcements()

    def start(self) -> None:
        super().start()
        self.boards = Boards(self.board, self.announcements)

    def get_dependency(self, worker_ctx: Any) -> Boards:  # type: ignore[override]
        return self.boards
