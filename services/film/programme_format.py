"""The format of a programme file, entry by entry. programme/demo.yml is an example with explanations."""

import datetime as dt
import re
from collections.abc import Container
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from marshmallow import ValidationError, fields, validate, validates

from schemas.base import Schema
from schemas.currencies import MINOR_DIGITS
from schemas.fields import LARGEST_PRICE, Currency, Id, Money, Text, Whole
from schemas.film import SEAT_KINDS
from schemas.programme import Country, Language, Link
from services.film.rules import DAY_PARTS, FREE

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}\Z")


def Name(**options: Any) -> fields.String:  # noqa: N802
    """The name of a cinema, hall or film in the file; it becomes its id and a part of screening ids."""
    return fields.String(validate=validate.Regexp(NAME, error="Up to 40 of a-z, 0-9 and dashes."), **options)


def Change() -> Whole:  # noqa: N802
    """Minor units that are added to a price, or with a minus taken off."""
    return Whole(validate=validate.Range(-LARGEST_PRICE, LARGEST_PRICE))


class Surcharge(fields.Field[int | None]):
    """A change in minor units, or `free`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | None:
        return FREE if value == "free" else Change().deserialize(value, attr, data)


class Zone(fields.Field[ZoneInfo]):
    """An IANA time zone such as Europe/Berlin."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> ZoneInfo:
        if not isinstance(value, str) or value not in available_timezones():
            raise ValidationError("Not a time zone such as Europe/Berlin.")
        return ZoneInfo(value)


class Clock(fields.Field[dt.time]):
    """A time of day such as 19:30."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.time:
        if not isinstance(value, str) or not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value, re.ASCII):
            raise ValidationError("Not a time of day such as 19:30.")
        hour, minute = value.split(":")
        return dt.time(int(hour), int(minute))


class ByCountry(fields.Dict):
    """A text for each of some countries; a mistake is told by its country."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> dict[str, str]:
        try:
            texts: dict[str, str] = super()._deserialize(value, *args, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as problem:
            if isinstance(problem.messages, dict):
                raise ValidationError({country: sum(wrong.values(), [])
                                       for country, wrong in problem.messages.items()}) from None
            raise
        return texts


def KnownLanguage() -> fields.String:  # noqa: N802
    """A language of the world, by its tag in BCP 47."""
    return _known(Language(), Locale("en").languages, "Not a language such as fr or zh-Hans.")


def KnownCountry() -> fields.String:  # noqa: N802
    """A country of the world, by its code in ISO 3166-1."""
    return _known(Country(), Locale("en").territories, "Not a country such as DE.")


def _known(field: fields.String, names: Container[str], error: str) -> fields.String:
    """The field with one more check: that there is a name for the first part of its value."""
    def check(value: str) -> None:
        if value.partition("-")[0] not in names:
            raise ValidationError(error)

    field.validators.append(check)
    return field


class ProgrammeFile(Schema):
    """The top level; its lists are read entry by entry."""

    days = Whole(required=True, validate=validate.Range(1, 60))
    films = fields.List(fields.Raw(), required=True)
    cinemas = fields.List(fields.Raw(), required=True)
    sold = fields.List(fields.Raw())


class FilmEntry(Schema):
    """A film."""

    id = Name(required=True)
    title = Text(200, required=True)
    original_title = Text(200)
    year = Whole(required=True, validate=validate.Range(1888, 2100))
    running_minutes = Whole(required=True, validate=validate.Range(1, 900))
    director = Text(200, required=True)
    cast = fields.List(Text(100), required=True, validate=validate.Length(1, 20))
    genres = fields.List(Text(50), required=True, validate=validate.Length(1, 10))
    rating = Text(20, required=True)
    age_rating = ByCountry(KnownCountry(), Text(20))
    language = KnownLanguage()
    subtitles = fields.List(KnownLanguage(), validate=validate.Length(1, 10))
    format = Text(40)
    synopsis = Text(2000)
    trailer_url = Link()


class CinemaEntry(Schema):
    """A cinema with its halls; `day_parts` change prices by the time of day, in minor units."""

    id = Name(required=True)
    name = Text(200, required=True)
    city = Text(200, required=True)
    timezone = Zone(required=True)
    currency = Currency(required=True)
    address = Text(300)
    map_url = Link()
    directions = Text(1000)
    day_parts = fields.Nested(Schema.from_dict({part: Change() for part in DAY_PARTS}))
    halls = fields.List(fields.Raw(), required=True)
    menu = fields.Raw(metadata={"description": "read by services/kitchen/menu_import.py"})

    @validates("currency")
    def _is_known(self, currency: str, **_: Any) -> None:
        if currency not in MINOR_DIGITS:
            raise ValidationError("Not a currency of ISO 4217 that buyers can pay with, such as EUR.")


class HallEntry(Schema):
    """A hall: `price` in minor units, `surcharges` by kind of seat, `plan` as services.seating.chart draws it."""

    id = Name(required=True)
    name = Text(200, required=True)
    price = Money(LARGEST_PRICE, required=True)
    surcharges = fields.Nested(Schema.from_dict({kind: Surcharge() for kind in SEAT_KINDS}))
    curve = fields.Float(validate=validate.Range(0, 5))
    skip_rows = fields.String(validate=validate.Regexp(r"^[A-Z]{0,12}\Z", error="Letters such as IO."))
    plan = fields.String(required=True)
    screenings = fields.List(fields.Raw())


class ScreeningsEntry(Schema):
    """Times at which a hall plays these films in turn, on these weekdays."""

    at = fields.List(Clock(), required=True, validate=validate.Length(min=1))
    films = fields.List(Id(), required=True, validate=validate.Length(min=1))
    on = fields.List(fields.String(validate=validate.OneOf(WEEKDAYS)), validate=validate.Length(min=1))


class SoldEntry(Schema):
    """A screening to be partly sold: the one at this place of the day, `day` days ahead; `share`: 0 to 1."""

    hall = Id(required=True)
    day = Whole(required=True, validate=validate.Range(0, 60))
    screening = Whole(required=True, validate=validate.Range(1, 50))
    share = fields.Float(required=True, validate=validate.Range(0, 1))
