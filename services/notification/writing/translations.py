"""Texts, amounts and moments in the language of the messages."""

import datetime as dt
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from babel.dates import format_date

from schemas.localized_money import LOCALES, localized_money
from services.foundation.settings import SettingsError

FOLDER = Path(__file__).with_name("language")


class Translations:
    """The texts of one language. Raises SettingsError for an unknown language."""

    def __init__(self, language: str) -> None:
        if language not in LOCALES:
            raise SettingsError(f"MARQUEE_LANGUAGE is one of {', '.join(LOCALES)}, not {language!r}.")
        self.language, self._locale = language, LOCALES[language]
        self._texts = texts(language)

    def text(self, name: str, /, **values: str) -> str:
        """The text of that name, with the values filled in."""
        return self._texts[name].format(**values)

    def money(self, minor: int, currency: str) -> str:
        """An amount in minor units."""
        return localized_money(minor, currency, self.language)

    def moment(self, when: dt.datetime) -> str:
        """Day and time in the moment's own time zone, which is the cinema's."""
        return self.text("moment", day=format_date(when.date(), "full", locale=self._locale), time=f"{when:%H:%M}")

    def list(self, things: Sequence[str]) -> str:
        """The things, with commas between them."""
        return self.text("comma").join(things)


@cache
def texts(language: str) -> dict[str, str]:
    """All texts of a language, by name."""
    return dict(json.loads((FOLDER / f"{language}.json").read_text()))
