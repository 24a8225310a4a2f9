"""The insight room's section of config.yml."""

from typing import Any

import pytest

from services.foundation.settings import SettingsError, read_section
from services.insight.settings import InsightSection, InsightSettings

SECTION: dict[str, Any] = {"kept_hours": 24, "kept_spans": 1000, "purge_seconds": 30}


def test_a_section_becomes_settings() -> None:
    assert read_section({"insight": SECTION}, "insight", InsightSection()) == InsightSettings(24, 1000, 30)


@pytest.mark.parametrize("wrong", [{"kept_hours": 0}, {"kept_hours": 10_000}, {"kept_spans": 0}, {"kept_spans": 1.5},
                                   {"kept_spans": 10**9}, {"purge_seconds": 0}, {"purge_seconds": "often"}])
def test_a_mistake_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=f"insight.{next(iter(wrong))}"):
        read_section({"insight": SECTION | wrong}, "insight", InsightSection())
