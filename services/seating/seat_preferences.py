"""What else matters to a group than the view: a low price, an aisle, couple seats."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.seating.chart import Chart, Seat
from services.seating.seat_runs import Unit


@dataclass(frozen=True)
class SeatPreferences:
    """`prefer`: one of `schemas.film.SEAT_PREFERENCES`; `couple_seats`: they are wanted; `prices`: by kind of seat."""

    prefer: str = "view"
    couple_seats: bool = False
    prices: Mapping[str, int] = field(default_factory=dict)

    def penalty(self, chart: Chart, seats: Sequence[Seat]) -> tuple[int, ...]:
        """Seats with a lower one suit the group better; those with the same are as good to it."""
        others = sum(not seat.goes_with for seat in seats) if self.couple_seats else 0
        match self.prefer:
            case "price":
                return others, self._price(seats)
            case "aisle":
                return others, not _is_on_aisle(chart, seats)
        return (others,)

    def reasons(self, chart: Chart, seats: Sequence[Seat], pieces: Iterable[Sequence[Unit]]) -> dict[str, bool]:
        """Which reasons hold for these seats; `pieces`: all that is free, as free_pieces has it."""
        return {
            "cheapest": self.prefer == "price" and self._is_cheapest(seats, pieces),
            "aisle": self.prefer == "aisle" and _is_on_aisle(chart, seats),
            "only_couple_seats_left": not self.couple_seats and any(seat.goes_with for seat in seats),
        }

    def _price(self, seats: Iterable[Seat]) -> int:
        return sum(self.prices.get(seat.kind, 0) for seat in seats)

    def _is_cheapest(self, seats: Sequence[Seat], pieces: Iterable[Sequence[Unit]]) -> bool:
        """Whether no other free seats, wherever they are, cost less."""
        free = [self._price([seat]) for piece in pieces for unit in piece for seat in unit]
        return self._price(seats) == sum(sorted(free)[:len(seats)])


def _is_on_aisle(chart: Chart, seats: Iterable[Seat]) -> bool:
    return any(chart.is_on_aisle(seat) for seat in seats)
