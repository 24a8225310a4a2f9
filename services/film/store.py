"""The queries of the film room's methods."""

import datetime as dt
import unicodedata
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import get_global
from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.engine import Connection

from services.film.models import Cinema, Film, Hall, Screening
from services.film.records import CinemaView, FilmBrief, HallView, ScreeningView
from services.seating.chart import Drawing

Fields = dict[str, Any]

BY_START = (Screening.starts_at, Screening.screening_id)
WITH_PLACE = (
    select(
        Screening.screening_id, Screening.starts_at, Screening.ends_at, Screening.local_date, Screening.currency,
        Screening.price_from, Screening.prices, Screening.cancelled_at,
        Film.film_id, Film.title, Film.original_title, Film.running_minutes, Film.rating, Film.age_rating,
        Film.language, Film.subtitles, Film.format,
        Cinema.cinema_id, Cinema.name.label("cinema_name"), Cinema.city, Cinema.timezone,
        Cinema.address, Cinema.map_url, Cinema.directions,
        Hall.hall_id, Hall.name.label("hall_name"), Hall.capacity, Hall.drawing,
    )
    .select_from(Screening)
    .join(Film, Film.film_id == Screening.film_id)
    .join(Hall, Hall.hall_id == Screening.hall_id)
    .join(Cinema, Cinema.cinema_id == Hall.cinema_id)
)

LISTED = [column for column in Film.__table__.columns if column.name not in ("synopsis", "trailer_url", "changed_at")]
TAKES_PLACE = Screening.cancelled_at.is_(None)


def films_showing(tx: Connection, now: dt.datetime, page: int, page_size: int,
                  film_ids: Sequence[str] | None = None) -> Fields:
    """One page of the films with a screening after `now`, by title; of `film_ids`, if given, in their order."""
    query = select(*LISTED).where(
        exists().where(Screening.film_id == Film.film_id, Screening.starts_at > now, TAKES_PLACE))
    if film_ids is None:
        rows, total = _page(tx, query.order_by(Film.title, Film.film_id), page, page_size)
    else:
        showing = {row.film_id: row for row in tx.execute(query.where(Film.film_id.in_(film_ids)))}
        found = [showing[film_id] for film_id in film_ids if film_id in showing]
        rows, total = found[(page - 1) * page_size:page * page_size], len(found)
    return {"films": [row._asdict() for row in rows], "page": page, "page_size": page_size, "total": total}


def films_version(tx: Connection) -> Any:
    """It is another one when a film has come or changed; none ever goes."""
    return tx.execute(select(func.count(), func.max(Film.changed_at)).select_from(Film)).one()


def films_to_index(tx: Connection) -> list[Any]:
    """What services.film.search.film_index knows of each film."""
    return list(tx.execute(select(Film.film_id, Film.title, Film.original_title, Film.director, Film.cast)))


def film(tx: Connection, film_id: str) -> Fields | None:
    """The film, if there is one."""
    row = tx.execute(select(*Film.__table__.columns).where(Film.film_id == film_id)).first()
    return None if row is None else row._asdict()


def screenings_found(tx: Connection, now: dt.datetime, wanted: Fields, film_ids: Sequence[str] | None = None) -> Fields:
    """Screenings that match everything in `wanted` (ScreeningsRequest), by start: one page of them.

    `film_ids`: the films that its `search` has found.
    """
    page, page_size = wanted["page"], wanted["page_size"]
    query = WITH_PLACE.where(*_conditions(now, wanted)).order_by(*BY_START)
    if film_ids is not None:
        query = query.where(Screening.film_id.in_(film_ids))
    rows, total = _page(tx, query, page, page_size)
    return {"screenings": [_screening(row) for row in rows], "page": page, "page_size": page_size, "total": total}


def screenings_of_film(tx: Connection, film_id: str, now: dt.datetime) -> list[ScreeningView]:
    """The film's screenings after `now`, cinema by cinema."""
    query = WITH_PLACE.where(Screening.film_id == film_id, Screening.starts_at > now, TAKES_PLACE)
    return [_screening(row) for row in tx.execute(query.order_by(Cinema.name, Cinema.cinema_id, *BY_START))]


def screening(tx: Connection, screening_id: str) -> ScreeningView | None:
    """The screening, if there is one."""
    row = tx.execute(WITH_PLACE.where(Screening.screening_id == screening_id)).first()
    return None if row is None else _screening(row)


def cancel(tx: Connection, screening_id: str, at: dt.datetime) -> None:
    """Take the screening off the programme for good. Cancelling it again changes nothing."""
    tx.execute(update(Screening).where(Screening.screening_id == screening_id, TAKES_PLACE).values(cancelled_at=at))


def _conditions(now: dt.datetime, wanted: Fields) -> list[ColumnElement[bool]]:
    """Without a day or a start, only screenings that have not begun match."""
    conditions: list[ColumnElement[bool]] = [TAKES_PLACE]
    if "title" in wanted:
        conditions.append(or_(_has(Film.title, wanted["title"]), _has(Film.original_title, wanted["title"])))
    if "cinema" in wanted:
        conditions.append(or_(_has(Cinema.name, wanted["cinema"]), Cinema.cinema_id == wanted["cinema"]))
    if "city" in wanted:
        conditions.append(_has(Cinema.city, wanted["city"]))
    if "date" in wanted:
        conditions.append(Screening.local_date == wanted["date"])
    if "starts_from" in wanted:
        conditions.append(Screening.starts_at >= wanted["starts_from"])
    if "starts_to" in wanted:
        conditions.append(Screening.starts_at <= wanted["starts_to"])
    if not {"date", "starts_from"} & wanted.keys():
        conditions.append(Screening.starts_at > now)
    return conditions


def _has(column: Any, text: str) -> ColumnElement[bool]:
    """Whether the text occurs in the column, whose collation ignores case and accents."""
    found: ColumnElement[bool] = column.contains(unicodedata.normalize("NFC", text.strip()), autoescape=True)
    return found


def _page(tx: Connection, query: Any, page: int, page_size: int) -> tuple[list[Any], int]:
    count = query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    total = tx.execute(count).scalar_one()
    rows = tx.execute(query.limit(page_size).offset((page - 1) * page_size)).all()
    return list(rows), total


def _country(timezone: str) -> str | None:
    """The country of a time zone, by the Unicode CLDR."""
    code: str | None = get_global("zone_territories").get(timezone)
    return code


def _screening(row: Any) -> ScreeningView:
    zone = ZoneInfo(row.timezone)
    return ScreeningView(
        screening_id=row.screening_id, local_date=row.local_date, starts_at=row.starts_at.astimezone(zone),
        ends_at=row.ends_at.astimezone(zone), cancelled_at=row.cancelled_at,
        film=FilmBrief(row.film_id, row.title, row.original_title, row.running_minutes, row.rating, row.language,
                       row.subtitles, row.format),
        cinema=CinemaView(row.cinema_id, row.cinema_name, row.city, row.timezone, row.address, row.map_url,
                          row.directions),
        age_rating=(row.age_rating or {}).get(_country(row.timezone)),
        hall=HallView(row.hall_id, row.hall_name, row.capacity), drawing=Drawing(**row.drawing),
        currency=row.currency, price_from=row.price_from, prices=row.prices)
