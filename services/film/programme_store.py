"""The queries of a programme import: what the database holds, and what a file changes, with the operations of that."""

import datetime as dt
from collections import defaultdict
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from schemas.film import OPERATED
from services.film.models import OUTBOX, Cinema, Hall, Screening
from services.film.rules import PlannedScreening, ScreeningOnSale
from services.foundation.events.operations import operator, write_operation

TWO_DAYS = dt.timedelta(days=2)  # one day is on the calendar that long, counting all time zones
SCREENING_FIELDS = ("screening_id", "hall_id", "film_id", "local_date", "starts_at", "ends_at")
Fields = dict[str, Any]


def screenings_on_sale(tx: Connection, now: dt.datetime) -> tuple[list[ScreeningOnSale], set[str]]:
    """The screenings that start from two days ago on, and their ids together with those of cancelled ones."""
    query = (select(*(getattr(Screening, name) for name in SCREENING_FIELDS), Screening.currency,
                    Screening.cancelled_at, Hall.cinema_id).join(Hall, Hall.hall_id == Screening.hall_id)
             .where(Screening.starts_at > now - TWO_DAYS))
    rows = tx.execute(query).all()
    on_sale = [ScreeningOnSale(PlannedScreening(**{name: getattr(row, name) for name in SCREENING_FIELDS}),
                               row.cinema_id, row.currency)
               for row in rows if row.cancelled_at is None]
    return on_sale, {row.screening_id for row in rows}


def drawings_in_use(tx: Connection) -> dict[str, Fields]:
    """The drawing of each hall that has had a screening, by hall_id."""
    used = select(Hall.hall_id, Hall.drawing).where(Hall.hall_id.in_(select(Screening.hall_id)))
    return {row.hall_id: row.drawing for row in tx.execute(used)}


def cinemas_of_halls(tx: Connection) -> dict[str, str]:
    """The cinema_id of each hall, by hall_id."""
    return {row.hall_id: row.cinema_id for row in tx.execute(select(Hall.hall_id, Hall.cinema_id))}


def timezones(tx: Connection) -> dict[str, str]:
    """The time zone of each cinema, by cinema_id."""
    return {row.cinema_id: row.timezone for row in tx.execute(select(Cinema.cinema_id, Cinema.timezone))}


class Change(NamedTuple):
    """The columns of a row that a load changes; `before` is None for a row that is new."""

    key: str
    before: Fields | None
    after: Fields


def put_rows(tx: Connection, model: Any, key: str, rows: list[Fields]) -> list[Change]:
    """Insert the rows that are new and update those that differ; returns what has changed. `key`: the primary key."""
    table = model.__table__
    existing = {row[key]: dict(row) for row in tx.execute(select(table)).mappings()}
    new = [row for row in rows if row[key] not in existing]
    changed = [_change(key, existing[row[key]], row) for row in rows if row[key] in existing]
    changed = [change for change in changed if change.after]
    if new:
        tx.execute(insert(table), new)
    for change in changed:
        tx.execute(update(table).where(table.c[key] == change.key).values(change.after))
    return [*(Change(row[key], None, row) for row in new), *changed]


def _change(key: str, old: Fields, row: Fields) -> Change:
    after = {name: value for name, value in row.items() if value != old[name]}
    return Change(row[key], {name: old[name] for name in after}, after)


def add_screenings(tx: Connection, rows: list[Fields]) -> None:
    """Put these screenings on sale."""
    if rows:
        tx.execute(insert(Screening), rows)


def write_operations(tx: Connection, films: list[Change], cinemas: list[Change], halls: list[Change],
                     screenings: list[Fields]) -> None:
    """Tell the operation log of each film and each cinema that a load has changed. `screenings`: the new ones."""
    cinema_of = cinemas_of_halls(tx)
    for film in films:
        _write(tx, film.key, film.before, film.after)
    before, after = defaultdict[str, Fields](dict), defaultdict[str, Fields](dict)
    for cinema in cinemas:
        before[cinema.key] |= cinema.before or {}
        after[cinema.key] |= cinema.after
    for hall in halls:
        before[cinema_of[hall.key]].setdefault("halls", {})[hall.key] = hall.before
        after[cinema_of[hall.key]].setdefault("halls", {})[hall.key] = hall.after
    for screening in screenings:
        after[cinema_of[screening["hall_id"]]].setdefault("screenings", []).append(screening["screening_id"])
    for cinema_id in sorted(after):
        _write(tx, cinema_id, before.get(cinema_id), after[cinema_id], cinema_id)


def _write(tx: Connection, about: str, before: Fields | None, after: Fields, cinema_id: str | None = None) -> None:
    write_operation(tx, OUTBOX, OPERATED, operator("load"), "load", about=about, cinema_id=cinema_id, before=before,
                    after=after)
