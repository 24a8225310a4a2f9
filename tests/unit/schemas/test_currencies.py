"""Amounts have as many digits after the point as ISO 4217 says, on every page and paper."""

import re
from pathlib import Path

import pytest

from schemas.currencies import MINOR_DIGITS, UnknownCurrency, format_money, minor_digits

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("currency", "digits"), [
    ("EUR", 2), ("CNY", 2), ("HUF", 2), ("KWD", 3), ("BHD", 3), ("JPY", 0), ("ISK", 0), ("UGX", 0), ("CLF", 4),
    ("IRR", 2), ("LBP", 2), ("IQD", 3),  # where what people write differs from what ISO 4217 says
])
def test_a_currency_has_the_digits_of_iso_4217(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@pytest.mark.parametrize("currency", ["XYZ", "eur", "", "XAU", "XXX", "DEM"], ids=str)
def test_a_currency_that_buyers_can_not_pay_with_is_refused(currency: str) -> None:
    with pytest.raises(UnknownCurrency):
        minor_digits(currency)


@pytest.mark.parametrize(("minor", "currency", "written"), [
    (250000, "HUF", "HUF 2,500.00"), (4500, "KWD", "KWD 4.500"), (1200, "JPY", "JPY 1,200"), (5, "EUR", "EUR 0.05"),
    (0, "KWD", "KWD 0.000"), (10**12, "EUR", "EUR 10,000,000,000.00"),
])
def test_an_amount_is_written_with_the_digits_of_its_currency(minor: int, currency: str, written: str) -> None:
    assert format_money(minor, currency) == written


def test_the_page_has_the_same_table_of_currencies() -> None:
    script = (ROOT / "web" / "language" / "currencies.js").read_text()
    others = {code: int(digits) for code, digits in re.findall(r"\b([A-Z]{3}): (\d)", script)}
    assert others == {code: digits for code, digits in MINOR_DIGITS.items() if digits != 2}
