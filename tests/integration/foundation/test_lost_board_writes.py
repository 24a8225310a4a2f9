"""A board write without an answer: Redis may do it later, or never."""

import datetime as dt
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from redis import Redis
from sqlalchemy import Engine

from schemas.errors import RoomUnavailable
from services.foundation.database import Transactions, utc_now
from services.foundation.redis_client import connect
from services.order import seat_boards as module
from services.order.seat_boards import SeatBoards
from services.seating import board as seating
from services.seating.board import Board
from testbed.mesh import Mesh, wait_until

ROW = ["F1", "F2"]


@pytest.fixture
def database(order_engine: Engine) -> Transactions:
    return Transactions(order_engine)


@pytest.fixture
def board(redis_client: Redis) -> Board:
    return Board(redis_client)


@pytest.fixture
def hasty_board(servers: Mesh) -> Board:
    """A board as rooms have it: a call that waits longer than a second for Redis fails."""
    return Board(connect(servers.settings["REDIS_URIS"]["marquee"]))


@pytest.fixture
def boards(board: Board, database: Transactions, note: str, monkeypatch: pytest.MonkeyPatch) -> SeatBoards:
    """The boards of a room that has compared everything and has nothing to look at again; `note` is a warm one."""
    monkeypatch.setattr(seating, "WRITING_SECONDS", 0.3)
    monkeypatch.setattr(module, "LATE_SECONDS", 2.0)
    monkeypatch.setattr(module, "OVERLAP", dt.timedelta(0))
    boards = SeatBoards(board, SimpleNamespace(announce=lambda *ids: None))  # type: ignore[arg-type]
    boards.rebuild(database, note, soon())
    boards.repair(database)
    return boards


def soon() -> dt.datetime:
    return utc_now() + dt.timedelta(minutes=8)


def taken(board: Board, screening: str) -> list[str]:
    look = board.snapshot(screening)
    assert look is not None
    return sorted(look.taken)


@contextmanager
def stalled(servers: Mesh) -> Iterator[None]:
    servers.kill("redis", signal.SIGSTOP)
    try:
        yield
    finally:
        servers.kill("redis", signal.SIGCONT)


def become_certain(boards: SeatBoards, board: Board, database: Transactions, screening: str) -> None:
    wait_until(lambda: boards.repair(database) and not taken(board, screening), 30, "the seats to be free")
    wait_until(lambda: boards.repair(database) == 0 and not boards._recheck_until, 30, "the room to be certain")


def test_a_hold_that_a_stalled_redis_makes_later_is_undone(
    boards: SeatBoards, board: Board, hasty_board: Board, servers: Mesh, database: Transactions, note: str,
) -> None:
    boards._board = hasty_board
    boards.hold(note, "ben", soon(), ["G1"])  # there is a connection now, and Redis knows the script
    boards.publish_free(note, "ben", ["G1"])
    with stalled(servers), pytest.raises(RoomUnavailable):
        boards.hold(note, "anna", soon(), ROW)
    wait_until(lambda: taken(board, note) == ROW, 30, "the late hold")
    become_certain(boards, board, database, note)


def test_one_check_that_finds_no_write_is_no_proof(boards: SeatBoards, board: Board, database: Transactions, note: str,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Board, "_write", no_answer)
        with pytest.raises(RoomUnavailable):
            boards.hold(note, "anna", soon(), ROW)
    assert boards.repair(database) == 0
    board.hold(note, "anna", soon(), ROW)  # only now it gets there
    become_certain(boards, board, database, note)


def no_answer(*args: object) -> None:
    raise RoomUnavailable(room="redis")


def test_seats_that_could_not_be_released_are_free_soon(
    boards: SeatBoards, board: Board, database: Transactions, note: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    boards.hold(note, "anna", soon(), ROW)
    with monkeypatch.context() as patched:
        patched.setattr(Board, "_write", no_answer)
        boards.publish_free(note, "anna", ROW)
    assert taken(board, note) == ROW
    become_certain(boards, board, database, note)


def test_a_doubtful_write_stays_doubtful_while_redis_is_silent(
    boards: SeatBoards, database: Transactions, note: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("_write", "run_id"):
        monkeypatch.setattr(Board, name, no_answer)
    with pytest.raises(RoomUnavailable):
        boards.hold(note, "anna", soon(), ROW)
    first = boards._recheck_until[note]
    with pytest.raises(RoomUnavailable):
        boards.repair(database)
    assert boards._recheck_until[note] > first
