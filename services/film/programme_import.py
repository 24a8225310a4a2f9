"""Loads a programme file into the film room's tables. Loading it again changes nothing."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from nameko import config
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from schemas.film import PROGRAMME_CHANGED
from services.film import programme_conflicts, programme_reader, programme_store, rules
from services.film.models import Cinema, Film, Hall
from services.film.programme_reader import Programme
from services.film.programme_store import Change
from services.film.settings import load as load_settings
from services.foundation.amqp.announcements import announce_from_command
from services.foundation.database import Transactions, make_engine, utc_now
from services.foundation.marked_yaml import InvalidFile, Mistake


@dataclass(frozen=True)
class Tally:
    """How many rows a load added, changed and left as they were."""

    added: int = 0
    changed: int = 0
    kept: int = 0

    def __str__(self) -> str:
        return f"{self.added} new, {self.changed} changed, {self.kept} as before"


@dataclass(frozen=True)
class LoadReport:
    """What a load did to each table, and what the operator should know."""

    cinemas: Tally
    halls: Tally
    films: Tally
    screenings: Tally
    warnings: tuple[Mistake, ...] = ()

    @property
    def tallies(self) -> dict[str, Tally]:
        """The tallies by table."""
        return {part: tally for part, tally in vars(self).items() if isinstance(tally, Tally)}

    @property
    def has_changed(self) -> bool:
        """Whether rows that existed before have other values now."""
        return any(tally.changed for tally in self.tallies.values())

    def __str__(self) -> str:
        lines = [f"{part}: {tally}" for part, tally in self.tallies.items()]
        return "\n".join([*lines, *(f"line {warning.line}: {warning.sentence}" for warning in self.warnings)])


def load(path: Path, database: Engine | str, now: dt.datetime,
         before_commit: Callable[[], object] = lambda: None) -> LoadReport:
    """Put the file's cinemas, halls, films and the screenings still to begin into the database (an engine or URI).

    Facts are updated. A screening on sale stays as it is, and nothing is ever removed. `before_commit` is called before
    the commit, and again if the transaction is retried; if it raises, nothing is written.
    Raises InvalidFile with every mistake and its line; then nothing is written.
    """
    programme = read(path, now)
    engine = make_engine(database) if isinstance(database, str) else database

    def write(tx: Connection) -> LoadReport:
        report = _write(tx, path, programme, now)
        before_commit()
        return report

    return Transactions(engine).run(write)


def announce_changes(report: LoadReport) -> bool:
    """Announce facts that have changed to rooms that may cache them; False if the broker is down."""
    return not report.has_changed or announce_from_command(PROGRAMME_CHANGED)


def sold_shares(path: Path, now: dt.datetime | None = None) -> list[tuple[str, float]]:
    """The screenings that the file wants partly sold, with the share of seats (0 to 1); the same ones all day long.

    Screenings that have begun are left out.
    """
    now = now or utc_now()
    programme = read(path, now)
    days: dict[tuple[str, dt.date], list[rules.PlannedScreening]] = defaultdict(list)
    for screening in sorted(programme.screenings(now), key=lambda each: each.starts_at):
        days[screening.hall_id, screening.local_date].append(screening)
    zones = {slot.hall.hall_id: slot.hall.zone for slot in programme.slots}
    shares = []
    for entry in programme.sold:
        today = now.astimezone(zones.get(entry["hall"], dt.UTC)).date()
        that_day = days[entry["hall"], today + dt.timedelta(days=entry["day"])]
        chosen = that_day[entry["screening"] - 1:entry["screening"]]
        shares += [(screening.screening_id, entry["share"]) for screening in chosen if screening.starts_at > now]
    return shares


def _cleaning() -> dt.timedelta:
    return load_settings(config).cleaning


def read(path: Path, now: dt.datetime) -> Programme:
    """The file's cinemas, halls, films and screenings; raises InvalidFile with every mistake and its line."""
    return programme_reader.read(path, now, _cleaning())


def _write(tx: Connection, path: Path, programme: Programme, now: dt.datetime) -> LoadReport:
    on_sale, used_ids = programme_store.screenings_on_sale(tx, now)
    known = {(each.screening.hall_id, each.screening.starts_at) for each in on_sale}
    ahead = [screening for screening in programme.screenings(now) if screening.starts_at > now]
    added = [_with_unused_id(screening, used_ids) for screening in ahead
             if (screening.hall_id, screening.starts_at) not in known]
    if mistakes := programme_conflicts.find(tx, programme, on_sale, added, _cleaning(), now):
        raise InvalidFile(path, mistakes)
    cinemas, halls, films = (programme_store.put_rows(tx, model, key, rows) for model, key, rows in (
        (Cinema, "cinema_id", programme.cinemas), (Hall, "hall_id", programme.halls),
        (Film, "film_id", programme.films)))
    new = [_screening_row(screening) for screening in added]
    programme_store.add_screenings(tx, new)
    programme_store.write_operations(tx, films, cinemas, halls, new)
    return LoadReport(
        cinemas=_tally(programme.cinemas, cinemas), halls=_tally(programme.halls, halls),
        films=_tally(programme.films, films),
        screenings=Tally(added=len(added), kept=len(ahead) - len(added)),
        warnings=tuple(sorted({_warning(screening) for screening in added if rules.is_moved(screening)})),
    )


def _tally(rows: list[dict[str, Any]], changes: list[Change]) -> Tally:
    added = sum(change.before is None for change in changes)
    return Tally(added, len(changes) - added, len(rows) - len(changes))


def _with_unused_id(screening: rules.PlannedScreening, used_ids: Container[str]) -> rules.PlannedScreening:
    """A slot whose screening was cancelled is sold under a new id, because orders and tickets name the old one."""
    name, again = screening.screening_id, count(2)
    while name in used_ids:
        name = f"{screening.screening_id}-{next(again)}"
    return replace(screening, screening_id=name)


def _warning(screening: rules.PlannedScreening) -> Mistake:
    assert screening.slot is not None
    begins = screening.starts_at.astimezone(screening.slot.hall.zone)
    return Mistake(screening.slot.line, (
        f"on {screening.local_date} the clocks go forward, and there is no {screening.slot.at:%H:%M}: "
        f"in `{screening.hall_id}` the screening begins at {begins:%H:%M}"))


def _screening_row(screening: rules.PlannedScreening) -> dict[str, Any]:
    assert screening.slot is not None
    prices = rules.seat_prices(screening.slot.hall, screening.starts_at)
    return {
        "screening_id": screening.screening_id, "film_id": screening.film_id, "hall_id": screening.hall_id,
        "starts_at": screening.starts_at, "ends_at": screening.ends_at, "local_date": screening.local_date,
        "currency": screening.slot.hall.currency, "price_from": min(prices.values()), "prices": prices,
    }
