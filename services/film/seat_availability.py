"""What the seat board says about screenings, after a short wait where nobody has counted yet."""

import time
from collections.abc import Collection, Iterator, Mapping

import eventlet

from schemas.film import BOARDS_COLD, SeatsUnknown
from services.foundation.amqp.announcements import Announcements
from services.seating.board import Board, BoardSnapshot
from services.seating.chart import Chart

PAUSE_SECONDS = 0.05
MAP_PATIENCE, LIST_PATIENCE = 2.0, 2.0


def look(board: Board, announcer: Announcements, screening_id: str, patience: float = MAP_PATIENCE) -> BoardSnapshot:
    """The board of one screening; SeatsUnknown if it stays cold for `patience` seconds or Redis is down."""
    if (seen := board.snapshot(screening_id)) is not None:
        return seen
    announcer.announce_now(BOARDS_COLD, screening_id)
    for _ in _pauses(patience):
        if (seen := board.snapshot(screening_id)) is not None:
            return seen
    raise SeatsUnknown(retry_after=1)


def left(board: Board, announcer: Announcements, charts: Mapping[str, Chart],
         patience: float = LIST_PATIENCE) -> dict[str, int | None]:
    """How many seats can still be had, by screening; None where nobody knows."""
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
    return {name: None if (gone := taken.get(name)) is None else count(chart, gone) for name, chart in charts.items()}


def count(chart: Chart, taken: Collection[str]) -> int:
    """How many seats can still be had when these are taken."""
    return len(chart.seats) - len(taken) - len(chart.stranded(taken))


def _unknown(taken: Mapping[str, set[str] | None]) -> list[str]:
    return [screening_id for screening_id, seats in taken.items() if seats is None]


def _pauses(patience: float) -> Iterator[None]:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        eventlet.sleep(PAUSE_SECONDS)
        yield
