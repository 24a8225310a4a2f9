"""The film room's tables: cinemas, halls, films and screenings."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, Stamped, UtcDateTime
from services.foundation.events.outbox import outbox_table

NAME = String(200)
LINK = String(500)
STRINGS = JSON(none_as_null=True)


class Base(DeclarativeBase):
    """The film room's schema."""


class Cinema(Base):
    """`timezone`: an IANA name. NULL: the programme file does not say."""

    __tablename__ = "cinema"

    cinema_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    city: Mapped[str] = mapped_column(NAME)
    timezone: Mapped[str] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(Text)
    map_url: Mapped[str | None] = mapped_column(LINK)
    directions: Mapped[str | None] = mapped_column(Text)


class Hall(Base):
    """`drawing` has the fields of services.seating.chart.Drawing."""

    __tablename__ = "hall"

    hall_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    cinema_id: Mapped[str] = mapped_column(ForeignKey("cinema.cinema_id"))
    name: Mapped[str] = mapped_column(NAME)
    capacity: Mapped[int]
    drawing: Mapped[dict[str, Any]] = mapped_column(JSON)


class Film(Stamped, Base):
    """`rating`: an age rating, such as PG-13; `age_rating`: by country. NULL: the programme file does not say."""

    __tablename__ = "film"

    film_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    title: Mapped[str] = mapped_column(NAME)
    original_title: Mapped[str] = mapped_column(NAME)
    year: Mapped[int]
    running_minutes: Mapped[int]
    director: Mapped[str] = mapped_column(NAME)
    cast: Mapped[list[str]] = mapped_column(JSON)
    genres: Mapped[list[str]] = mapped_column(JSON)
    rating: Mapped[str] = mapped_column(String(20))
    age_rating: Mapped[dict[str, str] | None] = mapped_column(STRINGS)
    language: Mapped[str | None] = mapped_column(String(35))
    subtitles: Mapped[list[str] | None] = mapped_column(STRINGS)
    format: Mapped[str | None] = mapped_column(String(40))
    synopsis: Mapped[str | None] = mapped_column(Text)
    trailer_url: Mapped[str | None] = mapped_column(LINK)


class Screening(Base):
    """Rows are added and may be cancelled, but never change: orders remember a screening's start and prices.

    `prices` has the price of each kind of seat in the hall; `price_from` is the lowest of them.
    """

    __tablename__ = "screening"

    screening_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    film_id: Mapped[str] = mapped_column(ForeignKey("film.film_id"))
    hall_id: Mapped[str] = mapped_column(ForeignKey("hall.hall_id"))
    starts_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    local_date: Mapped[dt.date]
    currency: Mapped[str] = mapped_column(String(3))
    price_from: Mapped[int] = mapped_column(BigInteger)
    prices: Mapped[dict[str, int]] = mapped_column(JSON)
    cancelled_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_screening_start", "starts_at", "screening_id"),
        Index("ix_screening_film", "film_id", "starts_at"),
        Index("ix_screening_hall", "hall_id", "starts_at"),
        Index("ix_screening_date", "local_date", "starts_at"),
        Index("ix_screening_cancelled", "cancelled_at"),
    )


OUTBOX = outbox_table(Base.metadata)
