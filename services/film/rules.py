"""When screenings start, what their seats cost, and which of them clash in one hall."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

EVENING_FROM, LATE_FROM, LATE_UNTIL = dt.time(17), dt.time(22), dt.time(5)
DAY_PARTS = ("matinee", "evening", "late", "weekend")
SATURDAY = 5
FREE = None  # a surcharge that makes a kind of seat cost nothing


@dataclass(frozen=True)
class HallTerms:
    """The zone and prices that a hall's screenings share. Amounts are in minor units of `currency`."""

    hall_id: str
    zone: ZoneInfo
    currency: str
    price: int
    surcharges: Mapping[str, int | None]  # FREE: such a seat costs nothing, whatever the others cost
    day_parts: Mapping[str, int]
    kinds: frozenset[str]


@dataclass(frozen=True)
class Slot:
    """A time at which a hall plays one of `films`, in turn day by day; `line`: its line in the programme file."""

    hall: HallTerms
    at: dt.time
    films: tuple[str, ...]
    turn: int
    weekdays: frozenset[int]
    line: int


@dataclass(frozen=True)
class PlannedScreening:
    """A screening with its time and hall; `slot` is None for one that is on sale already."""

    screening_id: str
    hall_id: str
    film_id: str
    local_date: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    slot: Slot | None = None


@dataclass(frozen=True)
class ScreeningOnSale:
    """A screening that is on sale, or was, and is not cancelled."""

    screening: PlannedScreening
    cinema_id: str
    currency: str


def screenings_of(slots: Iterable[Slot], running_minutes: Mapping[str, int],
                  now: dt.datetime, days: int) -> Iterator[PlannedScreening]:
    """The screenings of the slots for `days` days from today on; today is the date at the cinema."""
    for slot in slots:
        today = now.astimezone(slot.hall.zone).date()
        for day in (today + dt.timedelta(days=ahead) for ahead in range(days)):
            if day.weekday() in slot.weekdays:
                yield _screening(slot, day, running_minutes)


def _screening(slot: Slot, day: dt.date, running_minutes: Mapping[str, int]) -> PlannedScreening:
    # The date alone decides which film has its turn, so a later load plans the same film for it.
    film_id = slot.films[(day.toordinal() + slot.turn) % len(slot.films)]
    hall_id = slot.hall.hall_id
    starts_at = dt.datetime.combine(day, slot.at, slot.hall.zone).astimezone(dt.UTC)
    return PlannedScreening(f"{hall_id}-{day:%Y%m%d}-{slot.at:%H%M}", hall_id, film_id, day, starts_at,
                            starts_at + dt.timedelta(minutes=running_minutes[film_id]), slot)


def is_moved(screening: PlannedScreening) -> bool:
    """Whether the screening starts later than the file says, because the clocks skip that time."""
    slot = screening.slot
    return slot is not None and screening.starts_at.astimezone(slot.hall.zone).time() != slot.at


def clashes(planned: Iterable[PlannedScreening],
            cleaning: dt.timedelta) -> Iterator[tuple[PlannedScreening, PlannedScreening]]:
    """Pairs of screenings in one hall of which the second starts before the first is over and the hall is cleaned."""
    longest: PlannedScreening | None = None
    for screening in sorted(planned, key=lambda each: (each.hall_id, each.starts_at, each.screening_id)):
        if longest is None or longest.hall_id != screening.hall_id:
            longest = screening
            continue
        if screening.starts_at < longest.ends_at + cleaning:
            yield longest, screening
        longest = max(longest, screening, key=lambda either: either.ends_at)


def day_part(local: dt.datetime) -> str:
    """`matinee` until 17:00, `evening` until 22:00, then `late` until 5:00 in the morning."""
    if local.time() >= LATE_FROM or local.time() < LATE_UNTIL:
        return "late"
    return "evening" if local.time() >= EVENING_FROM else "matinee"


def seat_prices(hall: HallTerms, starts_at: dt.datetime) -> dict[str, int]:
    """The price of each kind of seat in the hall for a screening that starts then, in minor units."""
    sums = price_sums(hall, starts_at.astimezone(hall.zone))
    return {kind: max(0, sum(parts.values())) for kind, parts in sums.items()}


def price_sums(hall: HallTerms, local: dt.datetime) -> dict[str, dict[str, int]]:
    """The parts of the price of each kind of seat: the hall's `price`, and changes by name. `local`: the cinema's time.

    A kind that is free has no parts. The sum of the parts may be negative.
    """
    base = {"price": hall.price, day_part(local): hall.day_parts.get(day_part(local), 0)}
    if local.weekday() >= SATURDAY:
        base["weekend"] = hall.day_parts.get("weekend", 0)
    surcharges = {kind: hall.surcharges.get(kind, 0) for kind in sorted(hall.kinds)}
    return {kind: {} if change is FREE else {**base, kind: change} for kind, change in surcharges.items()}
