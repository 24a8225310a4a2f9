"""The film room's section of config.yml: good values become FilmSettings, a mistake one sentence."""

import datetime as dt
from typing import Any

import pytest

from services.film.settings import FilmSettings, load
from services.foundation.settings import SettingsError


@pytest.mark.parametrize(("section", "minutes"), [({"cleaning_minutes": 20}, 20), ({"cleaning_minutes": 0}, 0),
                                                  ({}, 15)])
def test_a_section_becomes_settings(section: dict[str, Any], minutes: int) -> None:
    assert load({"film": section}) == FilmSettings(cleaning=dt.timedelta(minutes=minutes))


@pytest.mark.parametrize("value", [-1, "long", None, float("nan")])
def test_a_mistake_is_told_in_one_sentence(value: object) -> None:
    with pytest.raises(SettingsError, match=r"config.yml, film.cleaning_minutes: ") as refusal:
        load({"film": {"cleaning_minutes": value}})
    assert "\n" not in str(refusal.value)
