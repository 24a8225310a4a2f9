"""Puts a programme file into the film room's tables, as often as one likes: what is there stays."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nameko import config
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.engine import Connection

from schemas.film import PROGRAMME_CHANGED
from services.film import programme_reader, rules
from services.film.models import Cinema, Film, Hall, Screening
from services.film.programme_reader import Programme
from services.foundation.announcements import announce_from_a_command
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

    @property
    def has_changed(self) -> bool:
        """Whether something that was there before has other facts now."""
        return any(tally.changed for tally in vars(self).values())

    def __str__(self) -> str:
        return "\n".join(f"{part}: {tally}" for part, tally in vars(self).items())


def load(path: Path, database: Engine | str, now: dt.datetime) -> LoadReport:
    """Put the file's cinemas, halls, films and the screenings still to begin into the database (an engine or URI).

    Facts are updated. A screening that is there stays as it is, and nothing is ever removed.
    Raises BadFile with every mistake and its line; then nothing was written.
    """
    programme = read(path, now)
    engine = make_engine(database) if isinstance(database, str) else database
    return Transactions(engine).run(lambda tx: _write(tx, path, programme, now))


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
    on_sale = _on_sale(tx, programme, now)
    known = {showing.screening_id for showing in on_sale}
    ahead = [showing for showing in programme.showings(now) if showing.starts_at > now]
    fresh = [showing for showing in ahead if showing.screening_id not in known]
    if mistakes := [*_redrawn(tx, programme), *_in_the_way(on_sale, fresh)]:
        raise BadFile(path, mistakes)
    report = LoadReport(
        cinemas=_put(tx, Cinema.__table__, "cinema_id", programme.cinemas),
        halls=_put(tx, Hall.__table__, "hall_id", programme.halls),
        films=_put(tx, Film.__table__, "film_id", programme.films),
        screenings=Tally(added=len(fresh), kept=len(ahead) - len(fresh)),
    )
    if fresh:
        tx.execute(insert(Screening), [_screening_row(showing) for showing in fresh])
    return report


def _on_sale(tx: Connection, programme: Programme, now: dt.datetime) -> list[rules.Showing]:
    """What the database has in the programme's halls from now on, and just before."""
    columns = (Screening.screening_id, Screening.hall_id, Screening.film_id, Screening.local_date,
               Screening.starts_at, Screening.ends_at)
    query = select(*columns).where(Screening.hall_id.in_([hall["hall_id"] for hall in programme.halls]),
                                   Screening.starts_at > now - dt.timedelta(days=1))
    return [rules.Showing(**row._asdict()) for row in tx.execute(query)]


def _in_the_way(on_sale: list[rules.Showing], fresh: list[rules.Showing]) -> Iterator[Mistake]:
    for first, second in rules.clashes([*on_sale, *fresh], _cleaning()):
        for new, old in ((first, second), (second, first)):
            if new.slot is not None and old.slot is None:
                yield Mistake(new.slot.line, (
                    f"in `{new.hall_id}` the screening on {new.local_date} at {new.slot.at:%H:%M} would clash "
                    f"with `{old.screening_id}`, which is on sale already"
                ))


def _redrawn(tx: Connection, programme: Programme) -> Iterator[Mistake]:
    """A ticket names a seat, so a hall that has had screenings keeps its plan."""
    used = select(Hall.hall_id, Hall.drawing).where(Hall.hall_id.in_(select(Screening.hall_id)))
    plans = {row.hall_id: row.drawing for row in tx.execute(used)}
    for hall in programme.halls:
        if plans.get(hall["hall_id"], hall["drawing"]) != hall["drawing"]:
            yield Mistake(programme.lines[hall["hall_id"]], (
                f"the plan of `{hall['hall_id']}` has changed, but there are screenings in it; "
                "give the new hall an id of its own"
            ))


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
