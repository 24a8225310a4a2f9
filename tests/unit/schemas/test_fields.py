"""Which values the fields take as moments, numbers, seats, ids and text."""

import datetime as dt
from typing import Any

import pytest
from marshmallow import ValidationError

from schemas.fields import (
    LARGEST_AMOUNT,
    LARGEST_PRICE,
    Currency,
    Cursor,
    Id,
    Moment,
    Money,
    Reason,
    SeatId,
    Text,
    TimeZone,
    Whole,
)
from services.foundation.ids import new_id

PARIS = dt.timezone(dt.timedelta(hours=1))


@pytest.mark.parametrize(("written", "meant"), [
    ("2026-11-21T19:30:00+01:00", dt.datetime(2026, 11, 21, 19, 30, tzinfo=PARIS)),
    ("2026-11-21T18:30:00Z", dt.datetime(2026, 11, 21, 18, 30, tzinfo=dt.UTC)),
    ("2026-11-21T18:30:00.125Z", dt.datetime(2026, 11, 21, 18, 30, 0, 125000, tzinfo=dt.UTC)),
    ("2026-11-21T19:30:00 01:00", dt.datetime(2026, 11, 21, 19, 30, tzinfo=PARIS)),
    ("20261121T193000+0100", dt.datetime(2026, 11, 21, 19, 30, tzinfo=PARIS)),
])
def test_a_moment_is_read_with_its_offset(written: str, meant: dt.datetime) -> None:
    assert Moment().deserialize(written) == meant


@pytest.mark.parametrize("written", [
    "", "tomorrow", "2026-11-21", "2026-11-21T19:30:00", "2026-13-01T00:00:00Z", "2026-11-21T25:00:00Z",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-21T19:30:00+99:00", 0, 1.5, True, None, [], {}, "\x00",
])
def test_a_malformed_moment_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        Moment(required=True).deserialize(written)


@pytest.mark.parametrize(("meant", "written"), [
    (dt.datetime(2026, 11, 21, 19, 30, tzinfo=PARIS), "2026-11-21T19:30:00+01:00"),
    (dt.datetime(2026, 11, 21, 18, 30, 0, 125000, tzinfo=dt.UTC), "2026-11-21T18:30:00.125+00:00"),
    ("2026-11-21T19:30:00+01:00", "2026-11-21T19:30:00+01:00"),
    (None, None),
])
def test_a_moment_is_written_with_its_offset(meant: object, written: str | None) -> None:
    assert Moment().serialize("at", {"at": meant}) == written


def test_dumping_a_moment_without_a_zone_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Moment().serialize("at", {"at": dt.datetime(2026, 11, 21)})


@pytest.mark.parametrize(("written", "meant"), [
    (7, 7), (0, 0), (-3, -3), ("7", 7), ("-3", -3), ("007", 7), ("999999999999999", 999999999999999), (7.0, 7),
])
def test_a_whole_number_is_read_also_as_text(written: object, meant: int) -> None:
    assert Whole().deserialize(written) == meant


@pytest.mark.parametrize("written", [
    1.5, True, False, "1.5", "1e9", "", " 7", "7 ", "+7", "--7", "-", "0x7", "٣", "²", "1_000", "9" * 16, "7\n",
    1e15, float("inf"), float("nan"), None, [], {}, [7],
])
def test_other_numbers_are_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        Whole(required=True).deserialize(written)


@pytest.mark.parametrize(("field", "good"), [
    (SeatId(), ["A1", "F7", "Z999", "AA12"]),
    (Id(), ["a", "0191-x_Y", "x" * 64]),
    (Cursor(), ["01a1fd940ea77809a77a2f8a6f48a334", new_id()]),
    (Money(), [0, 1, LARGEST_AMOUNT, "1250"]),
    (Money(LARGEST_PRICE), [0, LARGEST_PRICE]),
    (Currency(), ["EUR", "CNY"]),
    (Text(5), ["a", "花樣年華", "a\nb", "é\u0301", "👩‍👩‍👧", "     "]),
    (Text(5, least=0), [""]),
    (Reason(), ["Broken heating.", " a\nb "]),
], ids=["seat", "id", "cursor", "money", "price", "currency", "text", "empty text", "reason"])
def test_good_values_are_read(field: Any, good: list[object]) -> None:
    for value in good:
        field.deserialize(value)


@pytest.mark.parametrize(("field", "bad"), [
    (SeatId(), ["", "F", "7", "f7", "F0", "F07", "F1000", "AAA1", "F7 ", "F7\n", " F7", "F-7", "Ｆ7", 7, None, ["F7"]]),
    (Id(), ["", "a b", "x" * 65, "a/b", "../x", "a\n", "é", "'; --", 7, None, {}]),
    (Cursor(), ["", "'", "x", "2", "a" * 31, "a" * 33, "g" * 32, "A" * 32, new_id() + "\n", f" {new_id()}", "%" * 32, 7,
                None]),
    (Money(), [-1, LARGEST_AMOUNT + 1, 12.5, "12.50", "€5", None]),
    (Money(LARGEST_PRICE), [-1, LARGEST_PRICE + 1]),
    (Currency(), ["", "eur", "EURO", "EUR\n", " EUR", "€", 978, None]),
    (Reason(), ["", "  ", "\n\t", "\u3000", "x" * 501]),
    (Text(5), ["", "too long", "a\x00", "\x1b[31m", "\x7f", "\ud800", 5, None, [], b"abc\xff"]),
], ids=["seat", "id", "cursor", "money", "price", "currency", "reason", "text"])
def test_bad_values_are_refused(field: Any, bad: list[object]) -> None:
    for value in bad:
        with pytest.raises(ValidationError):
            field.deserialize(value)


def test_every_sum_of_largest_prices_fits() -> None:
    """The largest order is an amount, and a hall of such orders is a number that JavaScript can count to."""
    seats_per_order, snacks_per_order, largest_hall = 8, 10 * 10, 100 * 60
    order = (seats_per_order + snacks_per_order) * LARGEST_PRICE
    assert order <= LARGEST_AMOUNT
    assert largest_hall * (snacks_per_order + 1) * LARGEST_PRICE < 2**53


@pytest.mark.parametrize("name", ["Europe/Berlin", "Pacific/Apia", "UTC"])
def test_an_iana_time_zone_is_taken(name: str) -> None:
    assert TimeZone().deserialize(name) == name


@pytest.mark.parametrize("name", ["Berlin", "europe/berlin", "../etc/passwd", "", "+01:00", "Europe/Berlin\n", 1])
def test_anything_else_is_no_time_zone(name: object) -> None:
    with pytest.raises(ValidationError):
        TimeZone().deserialize(name)
