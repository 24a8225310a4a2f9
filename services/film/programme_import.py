"""Puts a programme file into the film room's tables, as often as one likes: what is there stays."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from nameko import config
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.engine import Connection

from schemas.film import PROGRAMME_CHANGED
from services.film import programme_conflicts, programme_reader, rules
from services.film.models import Cinema, Film, Hall, Screening
from services.film.programme_conflicts import OnSale
from services.film.programme_reader import Programme
from services.foundation.amqp.announcements import announce_from_a_command
from services.foundation.database import Transactions, make_engine, utc_now
from services.foundation.marked_yaml import BadFile, Mistake

Row = dict[str, Any]


@dataclass(frozen=True)
class Tally:
    """How many rows a load added, changed and found as they should be."""

    added: int = 0
    changed: int = 0
    kept: int = 0

    def __str__(self) -> str:
        return f"{self.added} new, {self.changed} changed, {self.kept} as before"


@dataclass(frozen=True)
class LoadReport:
    cinemas: Tally
    halls: Tally
    films: Tally
    screenings: Tally
    warnings: tuple[Mistake, ...] = ()

    @property
    def tallies(self) -> dict[str, Tally]:
        return {part: tally for part, tally in vars(self).items() if isinstance(tally, Tally)}

    @property
    def has_changed(self) -> bool:
        """Whether something that was there before has other facts now."""
        return any(tally.changed for tally in self.tallies.values())

    def __str__(self) -> str:
        lines = [f"{part}: {tally}" for part, tally in self.tallies.items()]
        return "\n".join([*lines, *(f"line {warning.line}: {warning.sentence}" for warning in self.warnings)])


def load(path: Path, database: Engine | str, now: dt.datetime, also: Callable[[], object] = lambda: None) -> LoadReport:
    """Put the file's cinemas, halls, films and the screenings still to begin into the database (an engine or URI).

    Facts are updated. A screening that takes place stays as it is, and nothing is ever removed. `also` is done before
    the commit, perhaps again; when it fails, nothing was written.
    Raises BadFile with every mistake and its line; then nothing was written.
    """
    programme = read(path, now)
    engine = make_engine(database) if isinstance(database, str) else database

    def write(tx: Connection) -> LoadReport:
        report = _write(tx, path, programme, now)
        also()
        return report

    return Transactions(engine).run(write)


def announce_changes(report: LoadReport) -> bool:
    """Tell the other rooms if facts have changed that they may know; False when the broker is down."""
    return not report.has_changed or announce_from_a_command(PROGRAMME_CHANGED)


def sold_shares(path: Path, now: dt.datetime | None = None) -> list[tuple[str, float]]:
    """The screenings that the file wants partly sold, with the share of seats; the same all day long.

    Those that have begun are left out.
    """
    now = now or utc_now()
    programme = read(path, now)
    days: dict[tuple[str, dt.date], list[rules.Showing]] = defaultdict(list)
    for showing in sorted(programme.showings(now), key=lambda each: each.starts_at):
        days[showing.hall_id, showing.local_date].append(showing)
    zones = {slot.hall.hall_id: slot.hall.zone for slot in programme.slots}
    shares = []
    for wish in programme.sold:
        today = now.astimezone(zones.get(wish["hall"], dt.UTC)).date()
        that_day = days[wish["hall"], today + dt.timedelta(days=wish["day"])]
        chosen = that_day[wish["screening"] - 1:wish["screening"]]
        shares += [(showing.screening_id, wish["share"]) for showing in chosen if showing.starts_at > now]
    return shares


def _cleaning() -> dt.timedelta:
    return dt.timedelta(minutes=config.get("film", {}).get("cleaning_minutes", 15))


def read(path: Path, now: dt.datetime) -> Programme:
    """The file's cinemas, halls, films and screenings; raises BadFile with every mistake and its line."""
    return programme_reader.read(path, now, _cleaning())


def _write(tx: Connection, path: Path, programme: Programme, now: dt.datetime) -> LoadReport:
    on_sale, used = _on_sale(tx, now)
    known = {(each.showing.hall_id, each.showing.starts_at) for each in on_sale}
    ahead = [showing for showing in programme.showings(now) if showing.starts_at > now]
    fresh = [_with_an_unused_id(showing, used) for showing in ahead
             if (showing.hall_id, showing.starts_at) not in known]
    if mistakes := programme_conflicts.find(tx, programme, on_sale, fresh, _cleaning(), now):
        raise BadFile(path, mistakes)
    report = LoadReport(
        cinemas=_put(tx, Cinema.__table__, "cinema_id", programme.cinemas),
        halls=_put(tx, Hall.__table__, "hall_id", programme.halls),
        films=_put(tx, Film.__table__, "film_id", programme.films),
        screenings=Tally(added=len(fresh), kept=len(ahead) - len(fresh)),
        warnings=tuple(sorted({_warning(showing) for showing in fresh if rules.is_moved(showing)})),
    )
    if fresh:
        tx.execute(insert(Screening), [_screening_row(showing) for showing in fresh])
    return report


def _on_sale(tx: Connection, now: dt.datetime) -> tuple[list[OnSale], set[str]]:
    """What takes place from now on, and just before; and the ids of these and of cancelled screenings."""
    names = ("screening_id", "hall_id", "film_id", "local_date", "starts_at", "ends_at")
    query = (select(*(getattr(Screening, name) for name in names), Screening.currency, Screening.cancelled_at,
                    Hall.cinema_id).join(Hall, Hall.hall_id == Screening.hall_id)
             .where(Screening.starts_at > now - dt.timedelta(days=2)))  # a day has two, somewhere
    rows = tx.execute(query).all()
    on_sale = [OnSale(rules.Showing(**{name: getattr(row, name) for name in names}), row.cinema_id, row.currency)
               for row in rows if row.cancelled_at is None]
    return on_sale, {row.screening_id for row in rows}


def _with_an_unused_id(showing: rules.Showing, used: Container[str]) -> rules.Showing:
    """A slot whose screening was cancelled is sold again under another id: orders and tickets name the old one."""
    name, again = showing.screening_id, count(2)
    while name in used:
        name = f"{showing.screening_id}-{next(again)}"
    return replace(showing, screening_id=name)


def _warning(showing: rules.Showing) -> Mistake:
    assert showing.slot is not None
    begins = showing.starts_at.astimezone(showing.slot.hall.zone)
    return Mistake(showing.slot.line, (
        f"on {showing.local_date} the clocks go forward, and there is no {showing.slot.at:%H:%M}: "
        f"in `{showing.hall_id}` the screening begins at {begins:%H:%M}"))


def _screening_row(showing: rules.Showing) -> Row:
    assert showing.slot is not None
    prices = rules.seat_prices(showing.slot.hall, showing.starts_at)
    return {
        "screening_id": showing.screening_id, "film_id": showing.film_id, "hall_id": showing.hall_id,
        "starts_at": showing.starts_at, "ends_at": showing.ends_at, "local_date": showing.local_date,
        "currency": showing.slot.hall.currency, "price_from": min(prices.values()), "prices": prices,
    }


def _put(tx: Connection, table: Any, key: str, rows: list[Row]) -> Tally:
    there = {row[key]: dict(row) for row in tx.execute(select(table)).mappings()}
    new = [row for row in rows if row[key] not in there]
    changed = [row for row in rows if row[key] in there and there[row[key]] != row]
    if new:
        tx.execute(insert(table), new)
    for row in changed:
        tx.execute(update(table).where(table.c[key] == row[key]).values(row))
    return Tally(len(new), len(changed), len(rows) - len(new) - len(changed))
