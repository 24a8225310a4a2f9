"""The best free seats for a group: together, in the middle, two thirds of the way back, leaving no single seat."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import groupby

from schemas.film import NotEnoughSeats
from services.seating.chart import Chart, Seat

ACCESSIBLE = ("wheelchair", "companion")
BACK = 2 / 3
CENTRAL = 1 / 8            # of the hall's width or depth: so near a block is "centre", "two_thirds_back"
REACH = 4.0                # seats; farther apart in neighbouring rows, people are not together
Unit = tuple[Seat, ...]    # what is only sold whole: a seat, or the two of a couple seat


@dataclass(frozen=True)
class Suggestion:
    """`reasons` are of schemas.film.SEAT_REASONS."""

    seats: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Free seats side by side, and how many other seats would be left alone beside them."""

    seats: Unit
    row: int
    x: float
    distance: float
    singles: int


def suggest(chart: Chart, taken: Container[str], count: int, wheelchair: bool = False) -> Suggestion:
    """The best `count` free seats; with `wheelchair`, one of them is a wheelchair place, the others may be companions'.

    Raises NotEnoughSeats when there are not that many: half a couple seat is none.
    """
    hall = _Hall(chart, taken, wheelchair)
    if together := min(hall.blocks(count), key=_best, default=None):
        return hall.suggestion([together])
    # Nobody sits alone if that can be had: 2 + 2 before 3 + 1.
    for larger in range((count + 1) // 2, count):
        if parts := hall.two_blocks(larger, count - larger):
            return hall.suggestion(parts)
    return hall.suggestion(hall.nearest(count))


def _best(block: Block) -> tuple[int, float, int, float]:
    return block.singles, block.distance, block.row, block.x


class _Hall:
    """A chart with some seats taken, as one group sees it."""

    def __init__(self, chart: Chart, taken: Container[str], wheelchair: bool) -> None:
        self._chart, self._wheelchair = chart, wheelchair
        self._rows = {row: number for number, row in enumerate(chart.rows)}
        front, back = min(seat.y for seat in chart.seats), max(seat.y for seat in chart.seats)
        self._ideal_y = front + BACK * (back - front)
        self._pieces = [list(piece) for run in _runs(chart.seats) for free, piece in groupby(
            run, key=lambda unit: self._is_for_us(unit, taken)) if free]

    def _is_for_us(self, unit: Unit, taken: Container[str]) -> bool:
        return all(seat.seat_id not in taken and (self._wheelchair or seat.kind not in ACCESSIBLE) for seat in unit)

    def _distance(self, seat: Seat) -> float:
        """How far from the ideal place, squared; a hall's width counts as much as its depth."""
        across = (seat.x - self._chart.screen.x) / self._chart.width
        along = (seat.y - self._ideal_y) / self._chart.depth
        return across**2 + along**2

    def _block(self, seats: Unit, singles: int) -> Block:
        return Block(seats, self._rows[seats[0].row], sum(seat.x for seat in seats) / len(seats),
                     sum(map(self._distance, seats)) / len(seats), singles)

    def blocks(self, count: int, wheelchairs: int | None = None) -> Iterator[Block]:
        """Every way to seat `count` side by side with so many wheelchair places: by default as many as asked for."""
        wheelchairs = int(self._wheelchair) if wheelchairs is None else wheelchairs
        for piece in self._pieces:
            size = sum(map(len, piece))
            before = 0
            for start, unit in enumerate(piece):
                seats = _first(piece, start, count)
                if len(seats) == count and _wheelchairs(seats) == wheelchairs:
                    yield self._block(seats, (before == 1) + (size - before - count == 1))
                before += len(unit)

    def two_blocks(self, larger: int, smaller: int) -> list[Block]:
        """The best two blocks of these sizes in one row or in neighbouring ones; none when there are no such two."""
        for place in range(int(self._wheelchair) + 1):  # in which of the two the wheelchair is
            others = list(self.blocks(smaller, place))
            for first in sorted(self.blocks(larger, int(self._wheelchair) - place), key=_best):
                near = [other for other in others if abs(other.row - first.row) <= 1
                        and abs(other.x - first.x) <= REACH and not set(first.seats) & set(other.seats)]
                if near:
                    return [first, min(near, key=lambda other: (other.singles, abs(other.x - first.x), *_best(other)))]
        return []

    def nearest(self, count: int) -> list[Block]:
        """The seats nearest to the best one, wherever they are. Raises NotEnoughSeats."""
        units = [self._block(unit, 0) for piece in self._pieces for unit in piece]
        units.sort(key=lambda unit: (-_wheelchairs(unit.seats), *_best(unit)))
        if not units or _wheelchairs(units[0].seats) != int(self._wheelchair):
            raise NotEnoughSeats(free=0)
        first, *rest = units
        rest = [unit for unit in rest if not _wheelchairs(unit.seats)]
        rest.sort(key=lambda unit: (abs(unit.row - first.row) + abs(unit.x - first.x) / 2, *_best(unit)))
        return _gather([first, *rest], count)

    def suggestion(self, blocks: list[Block]) -> Suggestion:
        order = {seat.seat_id: at for at, seat in enumerate(self._chart.seats)}
        seats = [seat for block in blocks for seat in block.seats]
        x, y = (sum(places) / len(seats) for places in zip(*((seat.x, seat.y) for seat in seats), strict=True))
        reasons = {
            "adjacent": len(blocks) == 1 and len(seats) > 1,
            "split": len(blocks) > 1,
            "wheelchair": self._wheelchair,
            "centre": abs(x - self._chart.screen.x) <= CENTRAL * self._chart.width,
            "two_thirds_back": abs(y - self._ideal_y) <= CENTRAL * self._chart.depth,
            "no_single_left": not self._leaves_single(frozenset(seats)),
        }
        return Suggestion(tuple(sorted((seat.seat_id for seat in seats), key=order.__getitem__)),
                          tuple(reason for reason, holds in reasons.items() if holds))

    def _leaves_single(self, chosen: frozenset[Seat]) -> bool:
        for piece in self._pieces:
            for gone, left in groupby(piece, key=lambda unit: unit[0] in chosen):
                rest = list(left)
                if not gone and len(rest) < len(piece) and sum(map(len, rest)) == 1:
                    return True
        return False


def _runs(seats: tuple[Seat, ...]) -> Iterator[list[Unit]]:
    """Seats with no aisle between them, from left to right; the two of a couple seat are one unit."""
    run: list[Unit] = []
    for seat in seats:
        last = run[-1] if run else ()
        if last and (seat.row != last[-1].row or seat.x - last[-1].x != 1):
            yield run
            run, last = [], ()
        if last and last[-1].goes_with == seat.seat_id:
            run[-1] = (*last, seat)
        else:
            run.append((seat,))
    if run:
        yield run


def _first(units: list[Unit], start: int, count: int) -> Unit:
    """The first `count` seats of the units from `start` on; another number where that would part a couple."""
    seats: Unit = ()
    for unit in units[start:]:
        if len(seats) >= count:
            break
        seats += unit
    return seats


def _wheelchairs(seats: Unit) -> int:
    return sum(seat.kind == "wheelchair" for seat in seats)


def _gather(blocks: list[Block], count: int) -> list[Block]:
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
