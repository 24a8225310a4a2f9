"""The programme as it goes over the wire: films, cinemas, halls and screenings."""

from typing import Any

from marshmallow import fields, validate

from schemas.base import Schema
from schemas.fields import Currency, Day, Id, Moment, Money, Whole


def Link(**options: Any) -> fields.Url:  # noqa: N802 - reads as the field it makes
    """A field for the address of a page elsewhere, of at most 500 characters; nothing but http and https is one."""
    return fields.Url(
        schemes={"http", "https"}, require_tld=False, validate=validate.Length(max=500),
        error_messages={"invalid": "Not a link such as https://cinema.example/map."}, **options
    )


def Country(**options: Any) -> fields.String:  # noqa: N802
    """A field for the code of a country in ISO 3166-1, such as DE."""
    return fields.String(validate=validate.Regexp(r"^[A-Z]{2}\Z", error="Not a country such as DE."), **options)


def Language(**options: Any) -> fields.String:  # noqa: N802
    """A field for a language in BCP 47, such as fr or zh-Hans."""
    return fields.String(validate=validate.Regexp(
        r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\Z", error="Not a language such as fr or zh-Hans."), **options)


def SpokenIn() -> fields.String:  # noqa: N802
    """A field for the language that a film is played in."""
    return Language(load_default=None, allow_none=True, metadata={
        "description": "that it is played in, BCP 47, such as fr; null: not given"})


def Subtitles() -> fields.List[str]:  # noqa: N802
    """A field for the languages of a film's subtitles."""
    return fields.List(Language(), load_default=None, allow_none=True, metadata={
        "description": "their languages, BCP 47; null: not given"})


def Format() -> fields.String:  # noqa: N802
    """A field for how a film is shown."""
    return fields.String(load_default=None, allow_none=True, metadata={
        "description": "how it is shown, such as 4K or 35 mm; null: not given"})


class Film(Schema):
    """A film as the programme announces it. What a programme need not say is null where it does not."""

    film_id = Id(required=True)
    title = fields.String(required=True)
    original_title = fields.String(required=True)
    year = Whole(required=True)
    running_minutes = Whole(required=True)
    director = fields.String(required=True)
    cast = fields.List(fields.String(), required=True)
    genres = fields.List(fields.String(), required=True)
    rating = fields.String(required=True, metadata={"description": "age rating, such as PG-13"})
    age_rating = fields.Dict(Country(), fields.String(), load_default=None, allow_none=True, metadata={
        "description": "age ratings by country (ISO 3166-1), such as {\"DE\": \"12\"}"})
    language = SpokenIn()
    subtitles = Subtitles()
    format = Format()


class FilmDetails(Film):
    """A film with all that is known of it."""

    synopsis = fields.String(load_default=None, allow_none=True)
    trailer_url = Link(load_default=None, allow_none=True)


class Cinema(Schema):
    """A cinema and the time zone its programme is in."""

    cinema_id = Id(required=True)
    name = fields.String(required=True)
    city = fields.String(required=True)
    timezone = fields.String(required=True, metadata={"description": "IANA name"})


class CinemaDetails(Cinema):
    """A cinema and how to get there; null where the programme does not say."""

    address = fields.String(load_default=None, allow_none=True)
    map_url = Link(load_default=None, allow_none=True, metadata={"description": "a page with a map"})
    directions = fields.String(load_default=None, allow_none=True, metadata={"description": "how to get there"})


class Hall(Schema):
    """A hall of a cinema; `capacity` is the number of its seats."""

    hall_id = Id(required=True)
    name = fields.String(required=True)
    capacity = Whole(required=True)


class FilmBrief(Schema):
    """The parts of a film that a list of screenings shows."""

    film_id = Id(required=True)
    title = fields.String(required=True)
    original_title = fields.String(required=True)
    running_minutes = Whole(required=True)
    rating = fields.String(required=True)
    language = SpokenIn()
    subtitles = Subtitles()
    format = Format()


class Screening(Schema):
    """A film in a hall at a time; `price_from` is the lowest price of a seat, in minor units of `currency`."""

    screening_id = Id(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    local_date = Day(required=True, metadata={"description": "the day it belongs to, in the cinema's own zone"})
    film = fields.Nested(FilmBrief, required=True)
    cinema = fields.Nested(Cinema, required=True)
    hall = fields.Nested(Hall, required=True)
    price_from = Money(required=True)
    currency = Currency(required=True)
    seats_left = Whole(required=True, allow_none=True,
                      metadata={"description": "null while they are being counted, and when the screening is over"})


class ScreeningDetails(Screening):
    """A screening with how to get to its cinema."""

    cinema = fields.Nested(CinemaDetails, required=True)
    age_rating = fields.String(load_default=None, allow_none=True, metadata={
        "description": "of the film in the country of the cinema; null: `film.rating` is all that is known"})
