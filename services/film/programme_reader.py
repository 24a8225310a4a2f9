"""Reads a programme file and checks all of it, so that all mistakes are told at once."""

import datetime as dt
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.fields import LARGEST_PRICE
from services.film import programme_format as form
from services.film.rules import HallTerms, PlannedScreening, Slot, clashes, price_sums, screenings_of
from services.foundation import marked_yaml
from services.foundation.marked_yaml import Place, YamlFile
from services.seating.chart import Drawing, lay_out, mistakes

Fields = dict[str, Any]
A_MONDAY = dt.date(2001, 1, 1)
OPTIONAL_IN_FILMS = ("age_rating", "language", "subtitles", "format", "synopsis", "trailer_url")
OPTIONAL_IN_CINEMAS = ("address", "map_url", "directions")


@dataclass
class Programme:
    """Rows for the tables, and slots for the screenings.

    `currencies` are by cinema_id. `lines` are the lines of facts that may conflict with the database: by (hall_id,),
    (film_id, "running_minutes"), (cinema_id, "timezone") and (cinema_id, "currency").
    """

    days: int = 1
    films: list[Fields] = field(default_factory=list)
    cinemas: list[Fields] = field(default_factory=list)
    halls: list[Fields] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    sold: list[Fields] = field(default_factory=list)
    currencies: dict[str, str] = field(default_factory=dict)
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)

    def screenings(self, now: dt.datetime, days: int | None = None) -> list[PlannedScreening]:
        """The screenings of `days` days from today on, unsorted; by default as many days as the file says."""
        minutes = {film["film_id"]: film.get("running_minutes", 0) for film in self.films}
        return list(screenings_of(self.slots, minutes, now, days or self.days))


def read(path: Path, now: dt.datetime, cleaning: dt.timedelta) -> Programme:
    """The programme in a file. Raises marked_yaml.InvalidFile with every mistake."""
    file = marked_yaml.read(path)
    programme = _Reader(file).programme
    _find_clashes(file, programme, now, cleaning)
    file.raise_mistakes()
    return programme


class _Reader:
    """Notes mistakes and goes on with the valid part of an entry; `file.raise_mistakes` raises them all."""

    def __init__(self, file: YamlFile) -> None:
        self.file = file
        self.seen: dict[tuple[str, str], Place] = {}
        self.programme = Programme()
        top = self.file.load(form.ProgrammeFile(), file.data, ())
        self.programme.days = top.get("days", 1)
        for read_one, part in ((self.read_film, "films"), (self.read_cinema, "cinemas"), (self.read_sold, "sold")):
            for at, raw in enumerate(top.get(part, ())):
                read_one(raw, (part, at))

    def read_film(self, raw: Any, place: Place) -> None:
        entry = self.file.load(form.FilmEntry(), raw, place)
        self.is_new("film", entry, place)
        self.note_lines(entry, place, "running_minutes")
        self.programme.films.append({
            "film_id": entry.pop("id", ""), "original_title": entry.get("title", ""),
            **dict.fromkeys(OPTIONAL_IN_FILMS), **entry})

    def read_cinema(self, raw: Any, place: Place) -> None:
        entry = self.file.load(form.CinemaEntry(), raw, place)
        self.is_new("cinema", entry, place)
        self.note_lines(entry, place, "timezone", "currency")
        self.programme.currencies[entry.get("id", "")] = entry.get("currency", "")
        self.programme.cinemas.append({
            "cinema_id": entry.get("id", ""), "name": entry.get("name"), "city": entry.get("city"),
            "timezone": str(entry.setdefault("timezone", ZoneInfo("UTC"))),
            **{name: entry.get(name) for name in OPTIONAL_IN_CINEMAS},
        })
        for at, hall in enumerate(entry.get("halls", ())):
            self.read_hall(hall, (*place, "halls", at), entry)

    def read_hall(self, raw: Any, place: Place, cinema: Fields) -> None:
        entry = self.file.load(form.HallEntry(), raw, place)
        drawing = self.read_drawing(entry, place)
        seats = lay_out(drawing).seats if drawing else ()
        terms = HallTerms(entry.get("id", ""), cinema["timezone"], cinema.get("currency", ""), entry.get("price", 0),
                          entry.get("surcharges", {}), cinema.get("day_parts", {}), frozenset(s.kind for s in seats))
        slots = [slot for at, screenings in enumerate(entry.get("screenings", ()))
                 for slot in self.read_slots(screenings, (*place, "screenings", at), terms)]
        self.check_prices(slots, place)
        if self.is_new("hall", entry, place):
            self.programme.slots += slots
            self.programme.lines[terms.hall_id,] = self.file.line(place)
            self.programme.halls.append({
                "hall_id": terms.hall_id, "cinema_id": cinema.get("id", ""), "name": entry.get("name"),
                "capacity": len(seats), "drawing": asdict(drawing) if drawing else {},
            })

    def read_drawing(self, entry: Fields, place: Place) -> Drawing | None:
        """The hall's drawing; None if it has mistakes."""
        drawing = Drawing(entry.get("plan", ""), entry.get("curve", 0.0), entry.get("skip_rows", ""))
        wrong = mistakes(drawing) if "plan" in entry else []
        for line, sentence in wrong:
            self.file.add_mistake((*place, "plan", line - 1), sentence)
        return None if wrong or "plan" not in entry else drawing

    def read_slots(self, raw: Any, place: Place, hall: HallTerms) -> list[Slot]:
        entry = self.file.load(form.ScreeningsEntry(), raw, place)
        films = tuple(entry.get("films", ()))
        unknown = [at for at, film_id in enumerate(films) if ("film", film_id) not in self.seen]
        for at in unknown:
            self.file.add_mistake((*place, "films", at), f"there is no film `{films[at]}`")
        if unknown or not films:
            return []
        weekdays = frozenset(form.WEEKDAYS.index(day) for day in entry.get("on", form.WEEKDAYS))
        return [Slot(hall, at, films, turn, weekdays, self.file.line((*place, "at", turn)))
                for turn, at in enumerate(entry.get("at", ()))]

    def check_prices(self, slots: list[Slot], place: Place) -> None:
        """No price is too high, and none is zero unless a hall has `price: 0` or a surcharge `free`."""
        for slot in slots:
            for local in (dt.datetime.combine(A_MONDAY + dt.timedelta(day), slot.at) for day in slot.weekdays):
                for kind, parts in price_sums(slot.hall, local).items():
                    price = sum(parts.values())
                    if parts and (price > LARGEST_PRICE or price <= 0 < slot.hall.price):
                        self.file.add_mistake(_cause(parts, kind, place, price), (
                            f"in `{slot.hall.hall_id}` a {kind} seat at {slot.at:%H:%M} would cost {price}"))

    def note_lines(self, entry: Fields, place: Place, *names: str) -> None:
        for name in names:
            self.programme.lines[entry.get("id", ""), name] = self.file.line((*place, name))

    def read_sold(self, raw: Any, place: Place) -> None:
        entry = self.file.load(form.SoldEntry(), raw, place)
        if "hall" in entry and ("hall", entry["hall"]) not in self.seen:
            self.file.add_mistake((*place, "hall"), f"there is no hall `{entry['hall']}`")
        self.programme.sold.append(entry)

    def is_new(self, kind: str, entry: Fields, place: Place) -> bool:
        """Whether the entry has an id that no earlier entry of its kind has."""
        if "id" not in entry:
            return False
        first = self.seen.setdefault((kind, entry["id"]), place)
        if first != place:
            line = self.file.line((*first, "id"))
            self.file.add_mistake((*place, "id"), f"there is a {kind} `{entry['id']}` already, on line {line}")
        return first == place


def _cause(parts: dict[str, int], kind: str, hall: Place, price: int) -> Place:
    """The place in the file of the amount that makes a price too high or too low."""
    worst = "price" if price > 0 else min(parts, key=lambda part: parts[part])
    if worst == "price":
        return *hall, "price"
    return (*hall, "surcharges", kind) if worst == kind else (*hall[:-2], "day_parts", worst)


def _find_clashes(file: YamlFile, programme: Programme, now: dt.datetime, cleaning: dt.timedelta) -> None:
    """Note each pair of slots that clash once, with the first day on which they do."""
    noted = set()
    for first, second in clashes(programme.screenings(now), cleaning):
        one, other = first.slot, second.slot
        if one is None or other is None or (pair := (one.line, one.at, other.line, other.at)) in noted:
            continue
        noted.add(pair)
        file.mistakes.append(marked_yaml.Mistake(other.line, (
            f"in `{second.hall_id}` the screening at {other.at:%H:%M} would begin before the one at {one.at:%H:%M} "
            f"(line {one.line}) is over and the hall cleaned: on {first.local_date} it is `{first.film_id}`"
        )))
