"""The house's language: sentences, money and moments as its readers write them."""

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, parse_pattern

from schemas.currencies import digits_shown
from services.foundation.settings import SettingsError

FOLDER = Path(__file__).with_name("language")
LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}


class Words:
    def __init__(self, language: str) -> None:
        if language not in LOCALES:
            raise SettingsError(f"MARQUEE_LANGUAGE is one of {', '.join(LOCALES)}, not {language!r}.")
        self.language, self._locale = language, LOCALES[language]
        self._sentences = sentences(language)

    def say(self, sentence: str, /, **values: str) -> str:
        """The sentence of that name, with the values in their places."""
        return self._sentences[sentence].format(**values)

    def money(self, minor: int, currency: str) -> str:
        """An amount in minor units, with the digits of ISO 4217: Babel's own are those that people commonly write."""
        digits = digits_shown(currency)
        pattern = parse_pattern(Locale.parse(self._locale).currency_formats["standard"].pattern)
        pattern.frac_prec = (digits, digits)
        return format_currency(Decimal(minor).scaleb(-digits), currency, pattern, self._locale, currency_digits=False)

    def moment(self, when: dt.datetime) -> str:
        """Day and time by the clock that the moment was written with: the cinema's own."""
        return self.say("moment", day=format_date(when.date(), "full", locale=self._locale), time=f"{when:%H:%M}")

    def list(self, things: Sequence[str]) -> str:
        return self.say("comma").join(things)


@cache
def sentences(language: str) -> dict[str, str]:
    return dict(json.loads((FOLDER / f"{language}.json").read_text()))
