"""What the seat board says about screenings, after a short wait where nobody has counted yet."""

import time
from collections.abc import Iterator, Mapping

import eventlet

from schemas.film import BOARDS_COLD, SeatsUnknown
from services.foundation.announcements import Announcements
from services.seating.board import Board, Look

PAUSE_SECONDS = 0.05
MAP_PATIENCE, LIST_PATIENCE = 2.0, 2.0


def look(board: Board, announcer: Announcements, screening_id: str, patience: float = MAP_PATIENCE) -> Look:
    """The board of one screening; SeatsUnknown if it stays cold for `patience` seconds or Redis is down."""
    if (seen := board.look(screening_id)) is not None:
        return seen
    announcer.announce_now(BOARDS_COLD, screening_id)
    for _ in _pauses(patience):
        if (seen := board.look(screening_id)) is not None:
            return seen
    raise SeatsUnknown(retry_after=1)


def left(board: Board, announcer: Announcements, capacities: Mapping[str, int],
         patience: float = LIST_PATIENCE) -> dict[str, int | None]:
    """How many seats are left, by screening; None where nobody knows."""
    try:
        taken = board.taken_counts(list(capacities)) if capacities else {}
        if cold := _unknown(taken):
            announcer.announce_now(BOARDS_COLD, *cold)
            for _ in _pauses(patience):
                taken |= board.taken_counts(cold)
                if not (cold := _unknown(taken)):
                    break
    except SeatsUnknown:
        taken = {}
    counts = {screening_id: taken.get(screening_id) for screening_id in capacities}
    return {name: None if count is None else capacities[name] - count for name, count in counts.items()}


def _unknown(taken: Mapping[str, int | None]) -> list[str]:
    return [screening_id for screening_id, count in taken.items() if count is None]


def _pauses(patience: float) -> Iterator[None]:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        eventlet.sleep(PAUSE_SECONDS)
        yield
