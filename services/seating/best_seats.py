"""The best free seats for a group: together, in the middle, two thirds of the way back, leaving no seat alone.

The middle two thirds of the way back is the customary place for aligning a cinema's sound, hence the ideal seat here.
"""

from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass

from schemas.film import NotEnoughSeats
from services.seating.chart import Chart, Seat
from services.seating.seat_preferences import SeatPreferences
from services.seating.seat_runs import Unit, free_pieces, seats_left_alone

IDEAL_DEPTH = 2 / 3        # of the way from the first row to the last
CENTRAL = 1 / 8            # of the hall's width or depth: a block this near is "centre" or "two_thirds_back"
BEST_VIEW = SeatPreferences()
LARGEST_GAP = 4.0          # seat widths; farther apart in neighbouring rows, people do not sit together


@dataclass(frozen=True)
class Suggestion:
    """Ids of the seats in the order of the chart, and what is good about them (of `schemas.film.SEAT_REASONS`)."""

    seats: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Free seats side by side in one row.

    `row`: its number from 0, the front row. `x`: the block's middle, in seat widths from the left wall. `distance`: the
    mean of the seats' squared distances from the ideal place, as shares of the hall's width and depth. `singles`: how
    many seats beside the block would be left alone.
    """

    seats: Unit
    row: int
    x: float
    distance: float
    singles: int


def suggest(chart: Chart, taken: Container[str], count: int, wheelchair: bool = False,
            preferences: SeatPreferences = BEST_VIEW) -> Suggestion:
    """Choose the best `count` free seats for one group; `taken` has the ids of those that are not free.

    One block side by side comes first, then two blocks in one row or in neighbouring rows, then the nearest seats. With
    `wheelchair`, exactly one of the seats is a wheelchair place, and the others may be companion places. Couple seats
    that nobody wants come only where there are not enough other seats, and the reasons say so. Raises NotEnoughSeats
    when the hall has fewer; half a couple seat does not count.
    """
    if not preferences.couple_seats:
        unwanted = {seat.seat_id for seat in chart.seats if seat.goes_with or seat.seat_id in taken}
        with suppress(NotEnoughSeats):
            return _choose(_SeatSearch(chart, unwanted, wheelchair, preferences), count)
    return _choose(_SeatSearch(chart, taken, wheelchair, preferences), count)


def _choose(search: "_SeatSearch", count: int) -> Suggestion:
    if together := min(search.blocks(count), key=search.rank, default=None):
        return search.suggestion([together])
    # Even parts come first, so that nobody sits alone if the hall allows it: 2 + 2 before 3 + 1.
    for larger in range((count + 1) // 2, count):
        if parts := search.two_blocks(larger, count - larger):
            return search.suggestion(parts)
    return search.suggestion(search.nearest(count))


class _SeatSearch:
    """A chart with some seats taken, as one group sees it."""

    def __init__(self, chart: Chart, taken: Container[str], wheelchair: bool, preferences: SeatPreferences) -> None:
        self._chart, self._wheelchair, self._preferences = chart, wheelchair, preferences
        self._rows = {row: number for number, row in enumerate(chart.rows)}
        front, back = min(seat.y for seat in chart.seats), max(seat.y for seat in chart.seats)
        self._ideal_y = front + IDEAL_DEPTH * (back - front)
        self._pieces = free_pieces(chart.seats, taken, accessible=wheelchair)

    def rank(self, block: Block) -> tuple[float, ...]:
        """Blocks that come first are better: by what is preferred, then by the view."""
        return (*self._preference(block), block.singles, block.distance, block.row, block.x)

    def _preference(self, block: Block) -> tuple[int, ...]:
        return self._preferences.penalty(self._chart, block.seats)

    def _distance(self, seat: Seat) -> float:
        """The squared distance from the ideal place; a hall's width counts as much as its depth."""
        across = (seat.x - self._chart.screen.x) / self._chart.width
        along = (seat.y - self._ideal_y) / self._chart.depth
        return across**2 + along**2

    def _block(self, seats: Unit, singles: int) -> Block:
        return Block(seats, self._rows[seats[0].row], sum(seat.x for seat in seats) / len(seats),
                     sum(map(self._distance, seats)) / len(seats), singles)

    def blocks(self, count: int, wheelchairs: int | None = None) -> Iterator[Block]:
        """Yield every block of `count` seats with that many `wheelchairs`; the group's own number by default."""
        wheelchairs = int(self._wheelchair) if wheelchairs is None else wheelchairs
        for piece in self._pieces:
            size = sum(map(len, piece))
            before = 0
            for start, unit in enumerate(piece):
                seats = _take_units(piece, start, count)
                if len(seats) == count and _wheelchairs(seats) == wheelchairs:
                    yield self._block(seats, (before == 1) + (size - before - count == 1))
                before += len(unit)

    def two_blocks(self, larger: int, smaller: int) -> list[Block]:
        """The best two blocks of these sizes in one row or in neighbouring rows; empty when there are none."""
        for place in range(int(self._wheelchair) + 1):  # in which of the two the wheelchair is
            others = list(self.blocks(smaller, place))
            for first in sorted(self.blocks(larger, int(self._wheelchair) - place), key=self.rank):
                near = [other for other in others if abs(other.row - first.row) <= 1
                        and abs(other.x - first.x) <= LARGEST_GAP and not set(first.seats) & set(other.seats)]
                if near:
                    return [first, min(near, key=lambda other: (*self._preference(other), other.singles,
                                                                abs(other.x - first.x), *self.rank(other)))]
        return []

    def nearest(self, count: int) -> list[Block]:
        """The seats nearest to the best free one, wherever they are. Raises NotEnoughSeats."""
        units = [self._block(unit, 0) for piece in self._pieces for unit in piece]
        units.sort(key=lambda unit: (-_wheelchairs(unit.seats), *self.rank(unit)))
        if not units or _wheelchairs(units[0].seats) != int(self._wheelchair):
            raise NotEnoughSeats(free=0)
        first, *rest = units
        rest = [unit for unit in rest if not _wheelchairs(unit.seats)]
        rest.sort(key=lambda unit: (abs(unit.row - first.row) + abs(unit.x - first.x) / 2, *self.rank(unit)))
        return _fill([first, *rest], count)

    def suggestion(self, blocks: list[Block]) -> Suggestion:
        """The seats of these blocks with the reasons that hold for them."""
        order = {seat.seat_id: at for at, seat in enumerate(self._chart.seats)}
        seats = [seat for block in blocks for seat in block.seats]
        x, y = (sum(places) / len(seats) for places in zip(*((seat.x, seat.y) for seat in seats), strict=True))
        reasons = {
            "adjacent": len(blocks) == 1 and len(seats) > 1,
            "split": len(blocks) > 1,
            "wheelchair": self._wheelchair,
            "centre": abs(x - self._chart.screen.x) <= CENTRAL * self._chart.width,
            **self._preferences.reasons(self._chart, seats, self._pieces),
            "two_thirds_back": abs(y - self._ideal_y) <= CENTRAL * self._chart.depth,
            "no_single_left": not seats_left_alone(self._pieces, {seat.seat_id for seat in seats}),
        }
        return Suggestion(tuple(sorted((seat.seat_id for seat in seats), key=order.__getitem__)),
                          tuple(reason for reason, holds in reasons.items() if holds))


def _take_units(units: list[Unit], start: int, count: int) -> Unit:
    """The first `count` seats of the units from `start` on; another number where that would part a couple."""
    seats: Unit = ()
    for unit in units[start:]:
        if len(seats) >= count:
            break
        seats += unit
    return seats


def _wheelchairs(seats: Unit) -> int:
    return sum(seat.kind == "wheelchair" for seat in seats)


def _fill(blocks: list[Block], count: int) -> list[Block]:
    """The first of the blocks, single or couple seats, that make up `count`."""
    chosen: list[Block] = []
    missing = count
    for block in blocks:
        if len(block.seats) <= missing:
            chosen.append(block)
            missing -= len(block.seats)
    spare = [block for block in blocks if block not in chosen]
    singles = [block for block in chosen if len(block.seats) == 1 and not _wheelchairs(block.seats)]
    if missing == 1 and spare and singles:  # nothing but couple seats is left: one takes the place of a single seat
        chosen.remove(singles[-1])
        return [*chosen, spare[0]]
    if missing:
        raise NotEnoughSeats(free=count - missing)
    return chosen
