"""What the queries return. Replies take their fields from these records (schemas.film)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from services.seating.chart import Drawing


@dataclass(frozen=True)
class FilmBrief:
    """A film as lists of screenings name it. None: the programme does not say."""

    film_id: str
    title: str
    original_title: str
    running_minutes: int
    rating: str
    language: str | None
    subtitles: list[str] | None
    format: str | None


@dataclass(frozen=True)
class CinemaView:
    """A cinema; `timezone` is an IANA name. None: the programme does not say."""

    cinema_id: str
    name: str
    city: str
    timezone: str
    address: str | None
    map_url: str | None
    directions: str | None


@dataclass(frozen=True)
class HallView:
    """A hall without its seats."""

    hall_id: str
    name: str
    capacity: int


@dataclass(frozen=True)
class ScreeningView:
    """A screening with film, cinema and hall.

    `starts_at` and `ends_at` are in the cinema's time zone; `prices` (by kind of seat) and `price_from` are in minor
    units of `currency`. `age_rating`: in the cinema's country, if it is known. `seats_left`: None until it is
    counted.
    """

    screening_id: str
    local_date: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    cancelled_at: dt.datetime | None
    film: FilmBrief
    cinema: CinemaView
    hall: HallView
    drawing: Drawing
    currency: str
    price_from: int
    prices: Mapping[str, int]
    age_rating: str | None
    seats_left: int | None = None
