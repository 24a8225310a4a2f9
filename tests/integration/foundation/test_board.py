"""The seat board on a real Redis: holds, marks, the lock, rebuilding, and Redis going away."""

import datetime as dt
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from redis import Redis

from schemas.errors import Busy, RoomUnavailable
from schemas.film import SeatsUnknown
from services.foundation.redis_client import connect
from services.seating import board as seating
from services.seating.board import SCRIPTS, Board
from services.seating.board_state import BoardCold, LockLost, Mark, SeatsHeld
from testbed.mesh import Mesh, wait_until
from tests.drivers.relay import Relay

ROW = ["F1", "F2", "F3", "F4"]


def soon(seconds: float = 60) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)


@pytest.fixture
def board(redis_client: Redis) -> Board:
    return Board(redis_client)


@pytest.fixture
def screening(board: Board, note: str) -> str:
    """A screening whose board is warm and empty."""
    rebuild(board, note, epoch=1)
    return note


def rebuild(board: Board, screening: str, epoch: int, **marks: Mark) -> None:
    with board.locked(screening) as token:
        board.rebuild(screening, token, epoch, soon(), marks)


def taken(board: Board, screening: str) -> dict[str, str]:
    look = board.snapshot(screening)
    assert look is not None
    return look.taken


def version(board: Board, screening: str) -> int:
    look = board.snapshot(screening)
    assert look is not None
    return look.version


def let_time_pass(redis_client: Redis, screening: str, owner: str, seats: list[str]) -> None:
    """These holds have just ended, by the clock of Redis."""
    seconds, microseconds = redis_client.time()
    ended = f"H|{owner}|{seconds * 1000 + microseconds // 1000}|0"
    redis_client.hset(f"seats:{{{screening}}}", mapping=dict.fromkeys(seats, ended))


# --- holding ---


def test_seats_are_held_all_or_none(board: Board, screening: str) -> None:
    board.hold(screening, "anna", soon(), ["F2", "F3"])
    with pytest.raises(SeatsHeld) as refusal:
        board.hold(screening, "ben", soon(), ["F1", "F2", "F3", "F4"])
    assert refusal.value.seats == ["F2", "F3"]
    assert taken(board, screening) == {"F2": "held", "F3": "held"}


def test_holding_again_is_harmless(board: Board, screening: str) -> None:
    for _ in range(2):
        board.hold(screening, "anna", soon(), ROW)
    assert taken(board, screening) == dict.fromkeys(ROW, "held")


def test_a_hold_ends_by_the_clock_of_redis_without_anyone_sweeping(
    board: Board, screening: str, redis_client: Redis,
) -> None:
    board.hold(screening, "anna", soon(), ROW)
    assert board.taken_seats([screening]) == {screening: set(ROW)}
    let_time_pass(redis_client, screening, "anna", ROW)
    assert taken(board, screening) == {}

    assert redis_client.hexists(f"seats:{{{screening}}}", "F1")
    assert board.taken_seats([screening]) == {screening: set()}
    board.hold(screening, "ben", soon(), ROW)
    assert taken(board, screening) == dict.fromkeys(ROW, "held")


# --- showing what MariaDB decided ---


def test_an_order_is_shown_held_then_sold_then_free(board: Board, screening: str) -> None:
    board.mark_held(screening, "anna", soon(), ROW)
    assert taken(board, screening) == dict.fromkeys(ROW, "held")
    board.mark_sold(screening, "anna", ROW)
    assert taken(board, screening) == dict.fromkeys(ROW, "sold")
    board.mark_free(screening, "anna", ["F1", "F2"])
    assert taken(board, screening) == {"F3": "sold", "F4": "sold"}


@pytest.mark.parametrize("late", [
    lambda board, screening: board.mark_free(screening, "anna", ROW),
    lambda board, screening: board.mark_held(screening, "anna", soon(), ROW),
    lambda board, screening: board.mark_sold(screening, "anna", ROW),
], ids=["free", "held", "sold"])
def test_a_late_mark_of_an_order_that_lost_its_seats_changes_nothing(
    board: Board, screening: str, late: Callable[[Board, str], None],
) -> None:
    board.mark_held(screening, "ben", soon(), ["F1", "F2"])
    board.mark_sold(screening, "carla", ["F3", "F4"])
    before = board.snapshot(screening)
    late(board, screening)
    after = board.snapshot(screening)
    assert before is not None
    assert after is not None
    assert after.marks == before.marks


def test_a_sale_replaces_a_hold_of_another_owner_that_has_ended(
    board: Board, screening: str, redis_client: Redis,
) -> None:
    board.hold(screening, "anna", soon(), ["F1"])
    let_time_pass(redis_client, screening, "anna", ["F1"])
    board.mark_sold(screening, "ben", ["F1"])
    board.mark_free(screening, "anna", ["F1"])
    assert taken(board, screening) == {"F1": "sold"}


def test_a_late_hold_does_not_undo_the_sale_of_the_same_order(board: Board, screening: str) -> None:
    board.hold(screening, "anna", soon(), ROW)
    board.mark_sold(screening, "anna", ROW)
    board.mark_held(screening, "anna", soon(), ROW)
    board.hold(screening, "anna", soon(), ROW)
    assert taken(board, screening) == dict.fromkeys(ROW, "sold")


# --- the lock ---


def test_a_locked_board_is_busy_for_all_others(
    board: Board, screening: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seating, "LOCK_WAIT_SECONDS", 0.2)
    writes: list[Callable[[], None]] = [
        lambda: board.hold(screening, "anna", soon(), ROW),
        lambda: board.mark_sold(screening, "anna", ROW),
        lambda: rebuild(board, screening, 2),
    ]
    with board.locked(screening):
        for write in writes:
            with pytest.raises(Busy):
                write()
        assert taken(board, screening) == {}
    board.hold(screening, "anna", soon(), ROW)


def paused_holder(board: Board, screening: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The token of someone who slept past the end of the lock, while someone else rebuilt the board."""
    with ExitStack() as asleep:
        with monkeypatch.context() as short:
            short.setattr(seating, "LOCK_SECONDS", 0.1)
            token = asleep.enter_context(board.locked(screening))
        wait_until(lambda: not board._client.exists(f"lock:{{{screening}}}"), 30, "the lock to end")
        rebuild(board, screening, 7, F1=Mark("S", "anna"))
    return token


def test_a_rebuild_that_outlived_its_lock_is_refused(
    board: Board, screening: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = paused_holder(board, screening, monkeypatch)
    with pytest.raises(LockLost):
        board.rebuild(screening, token, 2, soon(), {})
    assert taken(board, screening) == {"F1": "sold"}


def test_without_the_token_check_a_late_rebuild_would_undo_a_sale(
    board: Board, screening: str, redis_client: Redis, monkeypatch: pytest.MonkeyPatch,
) -> None:
    guarded = (SCRIPTS / "rebuild.lua").read_text()
    guard = "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {'REFUSED'} end"
    assert guard in guarded
    monkeypatch.setitem(board._scripts, "rebuild", redis_client.register_script(guarded.replace(guard, "")))

    token = paused_holder(board, screening, monkeypatch)
    board.rebuild(screening, token, 2, soon(), {})
    assert taken(board, screening) == {}


# --- rebuilding ---


def test_a_rebuilt_board_shows_what_mariadb_says_and_keeps_orders_being_written(
    board: Board, screening: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seating, "WRITING_SECONDS", 0)
    board.hold(screening, "long ago", soon(), ["F1"])
    board.mark_sold(screening, "refunded", ["F2"])
    monkeypatch.setattr(seating, "WRITING_SECONDS", 10)
    board.hold(screening, "anna", soon(), ["F3"])

    rebuild(board, screening, 2, F4=Mark("S", "ben"), G1=Mark("H", "carla", seating.milliseconds(soon())))
    assert taken(board, screening) == {"F3": "held", "F4": "sold", "G1": "held"}


def test_the_largest_hall_that_can_be_drawn_can_be_rebuilt_sold_out(board: Board, note: str) -> None:
    marks = {f"S{number}": Mark("S", "anna") for number in range(6000)}
    rebuild(board, note, 1, **marks)
    assert board.taken_seats([note]) == {note: set(marks)}
    assert len(taken(board, note)) == 6000


def test_a_board_is_forgotten_some_time_after_the_screening(
    board: Board, note: str, redis_client: Redis,
) -> None:
    with board.locked(note) as token:
        board.rebuild(note, token, 1, soon(0), {})
    left = redis_client.pttl(f"seats:{{{note}}}")
    assert 0 < left / 1000 <= seating.KEPT_AFTER_END.total_seconds()


def test_the_version_always_rises(board: Board, screening: str, redis_client: Redis) -> None:
    seen = [version(board, screening)]
    steps: list[Callable[[], Any]] = [
        lambda: board.hold(screening, "anna", soon(), ROW),
        lambda: board.mark_sold(screening, "anna", ROW),
        lambda: board.mark_free(screening, "anna", ROW),
        lambda: rebuild(board, screening, 2),
        lambda: board.hold(screening, "ben", soon(), ROW),
        redis_client.flushdb,
        lambda: rebuild(board, screening, 3),
        lambda: board.hold(screening, "anna", soon(), ROW),
    ]
    for step in steps:
        step()
        if board.snapshot(screening):
            seen.append(version(board, screening))
    assert len(seen) == len(steps)
    assert seen == sorted(set(seen))


def test_a_board_that_redis_has_forgotten_is_cold(board: Board, screening: str, redis_client: Redis) -> None:
    board.hold(screening, "anna", soon(), ROW)
    redis_client.flushdb()
    assert board.snapshot(screening) is None
    assert board.taken_seats([screening, "never seen"]) == {screening: None, "never seen": None}
    with pytest.raises(BoardCold):
        board.hold(screening, "ben", soon(), ROW)
    with pytest.raises(BoardCold):
        board.mark_sold(screening, "anna", ROW)


# --- Redis goes away ---


@pytest.fixture
def far_board(servers: Mesh, wire: Relay) -> Board:
    """A board whose line to Redis can be broken."""
    uri = servers.settings["REDIS_URIS"]["marquee"].replace(servers.environment["MARQUEE_REDIS_PORT"], str(wire.port))
    return Board(connect(uri))


@pytest.fixture
def wire(servers: Mesh, relay: Callable[..., Relay]) -> Relay:
    return relay(servers.environment["MARQUEE_REDIS_PORT"])


def test_every_method_refuses_at_once_without_redis(far_board: Board, wire: Relay, screening: str) -> None:
    far_board.hold(screening, "anna", soon(), ["F1"])
    wire.refuse()
    for refusal, ask in (
        (RoomUnavailable, lambda: far_board.hold(screening, "ben", soon(), ["F2"])),
        (RoomUnavailable, lambda: rebuild(far_board, screening, 2)),
        (RoomUnavailable, far_board.run_id),
        (SeatsUnknown, lambda: far_board.snapshot(screening)),
        (SeatsUnknown, lambda: far_board.taken_seats([screening])),
    ):
        started = time.monotonic()
        with pytest.raises(refusal):
            ask()
        assert time.monotonic() - started < seating.LOCK_WAIT_SECONDS  # as long as it waits for a board
    wire.heal()
    assert taken(far_board, screening) == {"F1": "held"}


def test_a_frozen_redis_is_given_up_within_two_seconds(far_board: Board, wire: Relay, screening: str) -> None:
    far_board.hold(screening, "anna", soon(), ["F1"])
    wire.freeze()
    started = time.monotonic()
    with pytest.raises(RoomUnavailable):
        far_board.hold(screening, "ben", soon(), ["F2"])
    assert time.monotonic() - started < 2
    wire.heal()
    assert taken(far_board, screening)["F1"] == "held"


def test_a_late_mark_does_not_shorten_a_hold(board: Board, screening: str) -> None:
    for seconds in (600, 60, 900):
        board.mark_held(screening, "anna", soon(seconds), ["F1"])
        look = board.snapshot(screening)
        assert look is not None
        left = look.marks["F1"].deadline_ms / 1000 - time.time()
        assert left > max(seconds, 600) - 60
