"""Seats side by side: runs without an aisle between them, what of them is free, and what a choice leaves alone.

`web/hall/geometry.js` (`runsOf`) and `blocks.js` compute the same for the page; `tests/geometry_cases.json` holds both
to one set of answers.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import groupby

from services.seating.chart import Seat

ACCESSIBLE = ("wheelchair", "companion")
Unit = tuple[Seat, ...]    # what is only sold whole: a seat, or the two of a couple seat


def seat_runs(seats: Iterable[Seat]) -> Iterator[list[Unit]]:
    """Split a chart's seats wherever a row ends or an aisle parts it; each run lists its units from left to right.

    `seats` come row by row and from left to right, as in `Chart.seats`. The two halves of a couple seat are one unit.
    """
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


def free_pieces(seats: Iterable[Seat], taken: Container[str], accessible: bool) -> list[list[Unit]]:
    """The parts of each run that a group can buy, with nothing taken in between.

    `taken` has ids of seats; half a taken couple seat takes the other half along. Wheelchair and companion places count
    only with `accessible`.
    """
    def is_free(unit: Unit) -> bool:
        return all(seat.seat_id not in taken and (accessible or seat.kind not in ACCESSIBLE) for seat in unit)

    return [list(piece) for run in seat_runs(seats) for free, piece in groupby(run, key=is_free) if free]


def seats_left_alone(pieces: Iterable[Sequence[Unit]], chosen: Container[str]) -> list[Seat]:
    """The free seats that have a free neighbour now and would have none once the seats with `chosen` ids are sold.

    `pieces` are those of `free_pieces`. Half a couple seat is never alone, and neither is a seat that is alone already.
    """
    alone: list[Seat] = []
    for piece in pieces:
        for is_chosen, units in groupby(piece, key=lambda unit: unit[0].seat_id in chosen):
            rest = [seat for unit in units for seat in unit]
            if not is_chosen and len(rest) == 1 and len(piece) > 1:
                alone += rest
    return alone
