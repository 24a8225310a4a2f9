"""Seat charts: a hall drawn as text becomes seats, aisles and a screen, each with its place in the room.

A character is as wide as a seat and a line as deep as a row; the first line is nearest the screen.

    s standard   p premium   w wheelchair place   c companion of a wheelchair place   DD couple seat for two
    _ aisle      . or a space: nothing, such as a corner cut off      an empty line: an aisle from wall to wall
"""

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, product
from string import ascii_uppercase

KINDS = {"s": "standard", "p": "premium", "w": "wheelchair", "c": "companion", "D": "couple"}
SEAT = re.compile(f"[{''.join(KINDS)}]")
MOST_PLACES, MOST_ROWS = 100, 60
# Rows deep: what lies between the screen and the first row.
FRONT = 3.0
SCREEN_SHARE = 0.8


@dataclass(frozen=True)
class Drawing:
    """A hall as a person draws it: one character per place and one line per row in `plan`.

    `curve`: rows by which the middle of a row is farther from the screen than its ends. `skip`: letters that name no
    row.
    """

    plan: str
    curve: float = 0.0
    skip: str = ""


@dataclass(frozen=True)
class Seat:
    """`x` and `y` are the seat's centre, in seat widths from the left wall and rows from the screen.

    `goes_with` is the other half of a couple seat: nobody gets one without the other.
    """

    seat_id: str
    row: str
    number: int
    x: float
    y: float
    kind: str
    goes_with: str | None = None


@dataclass(frozen=True)
class Aisle:
    """A rectangle from its corner nearest the screen and the left wall, before it is bent like the rows."""

    x: float
    y: float
    width: float
    depth: float


@dataclass(frozen=True)
class Screen:
    """The middle of the screen, and how wide it is."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Chart:
    """A hall laid out: the floor with the screen at the top, in seat widths (`x`, `width`) and rows (`y`, `depth`).

    `curve`: how many rows farther from the screen the middle of a row is than its ends. `rows` are the letters, from
    the front. `seats` come row by row, from left to right.
    """

    width: float
    depth: float
    curve: float
    screen: Screen
    rows: tuple[str, ...]
    aisles: tuple[Aisle, ...]
    seats: tuple[Seat, ...]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of seats this hall has, such as `standard` and `couple`."""
        return frozenset(seat.kind for seat in self.seats)

    @cached_property
    def _couples(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if seat.goes_with)

    @cached_property
    def _places(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if seat.kind in ("wheelchair", "companion"))

    def kinds_of(self, seat_ids: Iterable[str]) -> list[str]:
        """The kind of each of these seats."""
        kinds = {seat.seat_id: seat.kind for seat in self.seats}
        return [kinds[seat_id] for seat_id in seat_ids]

    def is_on_aisle(self, seat: Seat) -> bool:
        """Whether an aisle runs along one side of the seat."""
        y = seat.y - bend(seat.x, self.width, self.curve)  # aisles are not bent
        return any(aisle.y < y < aisle.y + aisle.depth and aisle.x < x < aisle.x + aisle.width
                   for aisle in self.aisles for x in (seat.x - 1, seat.x + 1))

    def stranded(self, taken: Container[str]) -> set[str]:
        """The ids of free seats that nobody can buy; `taken` has the ids of the others.

        These are a half whose couple seat is otherwise taken, and companion places once no wheelchair place is free.
        """
        useless = {half.seat_id for half in self._couples if half.goes_with in taken}
        if all(place.seat_id in taken for place in self._places if place.kind == "wheelchair"):
            useless |= {place.seat_id for place in self._places}
        return {seat for seat in useless if seat not in taken}


@lru_cache(maxsize=256)
def lay_out(drawing: Drawing) -> Chart:
    """Make the chart of a drawing; the latest 256 are kept. Raises ValueError with the first of its `mistakes`."""
    if found := mistakes(drawing):
        raise ValueError(f"line {found[0][0]} of the drawing: {found[0][1]}")
    lines = _lines(drawing)
    width = float(max(map(len, lines)))
    seats = tuple(_seats(drawing, lines, width))
    return Chart(
        width=width, depth=FRONT + len(lines) + drawing.curve, curve=drawing.curve,
        screen=Screen(x=width / 2, y=0.0, width=round(width * SCREEN_SHARE, 2)),
        rows=tuple(dict.fromkeys(seat.row for seat in seats)), aisles=tuple(_aisles(lines, width)), seats=seats,
    )


def mistakes(drawing: Drawing) -> list[tuple[int, str]]:
    """The mistakes in a drawing: the line of each (from 1) and a sentence for the person who drew it."""
    lines = _lines(drawing)
    found = [(at, sentence) for at, line in enumerate(lines, 1) for sentence in _mistakes_in(line)]
    rows = sum(1 for line in lines if SEAT.search(line))
    if rows == 0:
        found.append((1, "there is no seat in this hall"))
    if rows > MOST_ROWS:
        found.append((1, f"a hall has at most {MOST_ROWS} rows, this one {rows}"))
    return found


def _lines(drawing: Drawing) -> list[str]:
    return [line.rstrip() for line in drawing.plan.rstrip().split("\n")]


def _mistakes_in(line: str) -> Iterator[str]:
    if strange := sorted(set(re.sub(r"[spwcD_. ]", "", line))):
        yield f"`{''.join(strange)}` is no seat; there are s, p, w, c, DD, _ and ."
    if len(line) > MOST_PLACES:
        yield f"a row is at most {MOST_PLACES} places wide"
    if any(len(run) % 2 for run in re.findall("D+", line)):
        yield "couple seats come in pairs: DD"
    if any("w" not in group for group in re.findall("[wc]+", line)):
        yield "a companion place (c) is beside a wheelchair place (w)"


def row_names(skip: str) -> Iterator[str]:
    """Yield A, B, ... Z, AA, AB, ... without the letters in `skip`."""
    letters = [letter for letter in ascii_uppercase if letter not in skip]
    yield from letters
    yield from map("".join, product(letters, repeat=2))


def _seats(drawing: Drawing, lines: list[str], width: float) -> Iterator[Seat]:
    rows = [(at, line) for at, line in enumerate(lines) if SEAT.search(line)]
    names = islice(row_names(drawing.skip), len(rows))
    for name, (at, line) in zip(names, rows, strict=True):
        other_halves = _other_halves(line)
        for number, place in enumerate(SEAT.finditer(line), 1):
            x = place.start() + 0.5
            y = FRONT + at + 0.5 + bend(x, width, drawing.curve)
            goes_with = f"{name}{other_halves[number]}" if number in other_halves else None
            yield Seat(f"{name}{number}", name, number, x, round(y, 3), KINDS[place.group()], goes_with)


def _other_halves(line: str) -> dict[int, int]:
    """The numbers of couple seats' halves in a row, both ways; DDDD are two couple seats, from the left."""
    halves = [number for number, place in enumerate(SEAT.finditer(line), 1) if place.group() == "D"]
    pairs = list(zip(halves[::2], halves[1::2], strict=True))
    return {**dict(pairs), **{right: left for left, right in pairs}}


def bend(x: float, width: float, curve: float) -> float:
    """How many rows farther from the screen than at the walls a row is at `x`: a parabola with `curve` in the middle.

    `web/hall/map/drawing.js` bends aisles and row letters by the same formula.
    """
    off_centre = 2 * x / width - 1
    return curve * (1 - off_centre**2)


def _aisles(lines: list[str], width: float) -> Iterator[Aisle]:
    """Aisle marks in successive lines are one aisle as long as they span the same places."""
    begun: dict[tuple[int, int], int] = {}
    for at, line in enumerate([*lines, "."]):
        spans = {match.span() for match in re.finditer("_+", line)} if line.strip() else {(0, int(width))}
        for span in [span for span in begun if span not in spans]:
            top = begun.pop(span)
            yield Aisle(x=float(span[0]), y=FRONT + top, width=float(span[1] - span[0]), depth=float(at - top))
        for span in spans:
            begun.setdefault(span, at)
