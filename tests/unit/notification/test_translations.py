"""Both languages have all texts, and write amounts and moments as their readers do."""

import datetime as dt
import string

import pytest

from services.notification import rules
from services.notification.writing.translations import LOCALES, Translations, texts

NIGHT = dt.datetime(2026, 11, 21, 20, 15, tzinfo=dt.timezone(dt.timedelta(hours=1)))


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", LOCALES)
def test_every_language_has_all_texts_with_the_same_placeholders(language: str) -> None:
    english = texts("en")
    assert texts(language).keys() == english.keys()
    assert {name: placeholders(text) for name, text in texts(language).items()} == {
        name: placeholders(text) for name, text in english.items()}
    assert all(text.strip() for text in texts(language).values())


def test_every_kind_of_message_has_its_texts_and_no_other_has() -> None:
    told = {name.partition(".")[0] for name in texts("en") if name.endswith((".subject", ".text"))}
    assert told == {*rules.KINDS, rules.CONFIRM_EMAIL, rules.NEW_PASSWORD, rules.EMAIL_CHANGED, rules.ORDER_LINK,
                    *rules.TO_THE_HOLDER}


@pytest.mark.parametrize(("language", "minor", "currency", "written"), [
    ("en", 1250, "EUR", "€12.50"), ("en", 123456, "GBP", "£1,234.56"), ("en", 1800, "JPY", "JP¥1,800"),
    ("en", 12345, "KWD", "KWD12.345"), ("en", 0, "EUR", "€0.00"),
    ("en", 250000, "HUF", "HUF2,500.00"), ("en", 150, "IRR", "IRR1.50"), ("en", 4500, "KWD", "KWD4.500"),
    ("zh", 250000, "HUF", "HUF2,500.00"), ("zh", 4500, "KWD", "KWD4.500"),
    ("zh", 4550, "CNY", "¥45.50"), ("zh", 1250, "EUR", "€12.50"), ("zh", 1800, "JPY", "JP¥1,800"),
])
def test_an_amount_has_as_many_digits_as_its_currency(language: str, minor: int, currency: str, written: str) -> None:
    assert Translations(language).money(minor, currency) == written


@pytest.mark.parametrize(("language", "written"), [
    ("en", "Saturday, 21 November 2026, 20:15"), ("zh", "2026年11月21日星期六 20:15"),
])
def test_a_moment_is_written_in_the_cinema_s_time(language: str, written: str) -> None:
    assert Translations(language).moment(NIGHT) == written
