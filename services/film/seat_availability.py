"""Which seats are free, as the seat board says. A cold board is announced and waited for, for a moment."""

import time
from collections.abc import Collection, Iterator, Mapping

import eventlet

from schemas.film import BOARDS_COLD, SeatsUnknown
from services.foundation.amqp.announcements import Announcements
from services.seating.board import Board
from services.seating.board_state import BoardSnapshot
from services.seating.chart import Chart

PAUSE_SECONDS = 0.05
MAP_PATIENCE, LIST_PATIENCE = 2.0, 2.0


def snapshot(board: Board, announcer: Announcements, screening_id: str,
             patience: float = MAP_PATIENCE) -> BoardSnapshot:
    """The board of one screening. Raises SeatsUnknown if it stays cold for `patience` seconds, or Redis is down."""
    if (seen := board.snapshot(screening_id)) is not None:
        return seen
    announcer.announce_now(BOARDS_COLD, screening_id)
    for _ in _pauses(patience):
        if (seen := board.snapshot(screening_id)) is not None:
            return seen
    raise SeatsUnknown(retry_after=1)


def seats_left(board: Board, announcer: Announcements, charts: Mapping[str, Chart],
               patience: float = LIST_PATIENCE) -> dict[str, int | None]:
    """How many seats can still be bought, by screening_id; None if the board stays cold or Redis is down."""
    try:
        taken = board.taken_seats(list(charts)) if charts else {}
        if cold := _unknown(taken):
            announcer.announce_now(BOARDS_COLD, *cold)
            for _ in _pauses(patience):
                taken |= board.taken_seats(cold)
                if not (cold := _unknown(taken)):
                    break
    except SeatsUnknown:
        taken = {}
    return {name: None if (occupied := taken.get(name)) is None else count_left(chart, occupied)
            for name, chart in charts.items()}


def count_left(chart: Chart, taken: Collection[str]) -> int:
    """How many seats can still be bought if these are taken."""
    return len(chart.seats) - len(taken) - len(chart.stranded(taken))


def _unknown(taken: Mapping[str, set[str] | None]) -> list[str]:
    return [screening_id for screening_id, seats in taken.items() if seats is None]


def _pauses(patience: float) -> Iterator[None]:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        eventlet.sleep(PAUSE_SECONDS)
        yield
