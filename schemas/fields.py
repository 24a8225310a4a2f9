"""Fields that have one spelling on the wire: moments, money, seats, ids, text."""

import datetime as dt
import re
import zoneinfo
from functools import cache
from typing import Any

from marshmallow import ValidationError, fields, validate

# Minor units. A price is of one seat or one snack; an amount is any sum of prices, such as an order's total. Sums over
# the orders of a whole screening still fit JavaScript's whole numbers (2^53) and BIGINT.
LARGEST_PRICE = 10**10
LARGEST_AMOUNT = 10**14

TEXT = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]*\Z"
NOT_A_MOMENT = "Not a time in ISO 8601, such as 2026-11-21T19:30:00+01:00."
NOT_A_TIME_ZONE = "Not a time zone such as Europe/Berlin."
NOT_A_DAY = "Not a date such as 2026-11-21."
LANGUAGES = ("en", "zh")  # that we have texts in, on the pages and in mails


class Moment(fields.Field[dt.datetime]):
    """A point in time: ISO 8601 with an offset on the wire, an aware datetime in Python."""

    # What its text looks like, for those who read the contract. The rest is arithmetic.
    pattern = (r"^(?:19|[2-9][0-9])[0-9]{2}(?:-[0-9]{2}-[0-9]{2}|[0-9]{4})T"
               r"[0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]+)?)?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)\Z")

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None or isinstance(value, str):  # text: a stored reply that is dumped again
            return value
        if value.tzinfo is None:
            raise ValueError(f"{attr} has no time zone")
        return str(value.isoformat(timespec="milliseconds" if value.microsecond else "seconds"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.datetime:
        # A "+" in a query string arrives as a space when the sender did not escape it.
        written = str(value).replace(" ", "+")
        try:
            moment = dt.datetime.fromisoformat(written)
        except ValueError as problem:
            raise ValidationError(NOT_A_MOMENT) from problem
        if moment.tzinfo is None:
            raise ValidationError("The time needs an offset, such as +01:00 or Z.")
        if not 1900 <= moment.year < 9999:
            # The very first and last days would leave the calendar in another zone.
            raise ValidationError("Not a time between the years 1900 and 9998.")
        if not re.match(self.pattern, written):
            raise ValidationError(NOT_A_MOMENT)  # such as a number of a week, which few other readers know
        return moment


class Day(fields.Date):
    """A date without a time: 2026-11-21 on the wire, and no other way of writing it."""

    pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.date:
        if not isinstance(value, str) or not re.match(self.pattern, value):
            raise ValidationError(NOT_A_DAY)
        return super()._deserialize(value, attr, data, **kwargs)


class Whole(fields.Integer):
    """A whole number, also as text in a query string, and 7.0, which is 7 in JSON; 1.5 and true are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        digits = isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit() and len(value) < 16
        if digits or isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError("Not a whole number.")
        return value


class Predumped(fields.Nested):
    """A part of a reply that another room has dumped already: it goes out as it came in."""

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        return nested_obj


def Money(most: int = LARGEST_AMOUNT, **options: Any) -> Whole:  # noqa: N802 - reads as the field it makes
    """A field for an amount from 0 to `most` in minor units (cents, pence, fen) of the currency named beside it."""
    return Whole(validate=validate.Range(min=0, max=most), **options)


def Amount(most: int = LARGEST_AMOUNT, **options: Any) -> Whole:  # noqa: N802
    """A field for an amount that may be negative, in minor units, between -`most` and `most`."""
    return Whole(validate=validate.Range(min=-most, max=most), **options)


def Currency(**options: Any) -> fields.String:  # noqa: N802
    """A field for an ISO 4217 code such as EUR; whether the code exists is not checked."""
    return fields.String(validate=validate.Regexp(r"^[A-Z]{3}\Z"), **options)


def SeatId(**options: Any) -> fields.String:  # noqa: N802
    """A field for a seat within its hall: row letters, then the number, such as F7."""
    return fields.String(
        validate=validate.Regexp(r"^[A-Z]{1,2}[1-9][0-9]{0,2}\Z", error="Not a seat such as F7."), **options
    )


def Id(**options: Any) -> fields.String:  # noqa: N802
    """A field for an opaque id of up to 64 characters, made by the room that owns the thing."""
    return fields.String(
        validate=validate.Regexp(r"^[A-Za-z0-9_-]{1,64}\Z", error="Not an id."), **options
    )


def TimeZone(**options: Any) -> fields.String:  # noqa: N802
    """A field for an IANA time zone, such as Europe/Berlin."""
    return fields.String(validate=[validate.Regexp(r"^[A-Za-z0-9_+/-]{1,64}\Z", error=NOT_A_TIME_ZONE),
                                   _check_time_zone], **options)


def _check_time_zone(name: str) -> None:
    if name not in time_zones():
        raise ValidationError(NOT_A_TIME_ZONE)


@cache
def time_zones() -> frozenset[str]:
    """The IANA time zones that this machine knows; reading them takes some milliseconds."""
    return frozenset(zoneinfo.available_timezones())


def ReaderLanguage(**options: Any) -> fields.String:  # noqa: N802
    """A field for the language that somebody reads us in.

    Any other is refused: if it fell back in silence, a client would learn that from its first mails.
    """
    return fields.String(validate=validate.OneOf(
        LANGUAGES, error=f"Not a language that we write in: {', '.join(LANGUAGES)}."), **options)


def Cursor(**options: Any) -> fields.String:  # noqa: N802
    """A field for the place where a list goes on: the `next_cursor` of a reply, 32 hex digits."""
    return fields.String(validate=validate.Regexp(r"^[0-9a-f]{32}\Z", error="Not a cursor of ours."), **options)


def Reason(**options: Any) -> fields.String:  # noqa: N802
    """A field for why staff do something, up to 500 characters, for the operation log and a member's wallet."""
    return fields.String(validate=[
        validate.Length(min=1, max=500),
        validate.Regexp(rf"^(?=[\s\S]*\S){TEXT}", error="Says nothing, or has characters that are not text."),
    ], **options)


def Text(most: int, least: int = 1, **options: Any) -> fields.String:  # noqa: N802
    """A field for text of `least` to `most` characters; control characters other than tab and line ends are refused."""
    return fields.String(
        validate=[
            validate.Length(min=least, max=most),
            validate.Regexp(rf"^{TEXT}", error="Has characters that are not text."),
        ],
        **options,
    )


def Secret(most: int, least: int = 1, **options: Any) -> fields.String:  # noqa: N802
    """A field for text that lets its holder in, such as a password or a token. The gateway takes none from an address.

    OpenAPI has the same mark for it, so the documentation shows it.
    """
    return Text(most, least, **{**options, "metadata": {**options.get("metadata", {}), "format": "password"}})


def is_secret(field: fields.Field[Any]) -> bool:
    """Whether this is a field made by Secret."""
    return field.metadata.get("format") == "password"
