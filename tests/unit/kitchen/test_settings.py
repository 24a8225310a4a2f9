"""The kitchen room's section of config.yml: good values become KitchenSettings, each mistake one sentence."""

import datetime as dt
from typing import Any

import pytest

from services.foundation.settings import SettingsError
from services.kitchen.settings import KitchenSettings, load

SECTION: dict[str, Any] = {"minutes_before_start": 10, "begin_minutes": 120, "undo_seconds": 10, "sweep_seconds": 5}


def test_a_section_becomes_settings() -> None:
    assert load({"kitchen": SECTION}) == KitchenSettings(
        before_start=dt.timedelta(minutes=10), begin=dt.timedelta(hours=2), undo=dt.timedelta(seconds=10),
        sweep_seconds=5)


@pytest.mark.parametrize("mistake", [
    {"minutes_before_start": -1}, {"minutes_before_start": "soon"}, {"sweep_seconds": 0}, {"sweep_seconds": None},
    {"begin_minutes": -1}, {"begin_minutes": 1e9}, {"undo_seconds": 601},
])
def test_a_mistake_is_told_in_one_sentence(mistake: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=rf"config.yml, kitchen.{next(iter(mistake))}: ") as refusal:
        load({"kitchen": {**SECTION, **mistake}})
    assert "\n" not in str(refusal.value)


def test_each_missing_setting_is_named() -> None:
    with pytest.raises(SettingsError, match=r"kitchen.minutes_before_start: .*; .*kitchen.sweep_seconds: "):
        load({})
