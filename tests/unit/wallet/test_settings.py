"""The wallet room's section of config.yml: good values become WalletSettings, each mistake one sentence."""

from typing import Any

import pytest

from services.foundation.settings import SettingsError
from services.wallet.settings import WalletSettings, load

SECTION: dict[str, Any] = {"currency": "EUR", "tidy_seconds": 60}


def test_a_section_becomes_settings() -> None:
    assert load({"wallet": SECTION}) == WalletSettings(currency="EUR", tidy_seconds=60)


@pytest.mark.parametrize("mistake", [{"currency": "euro"}, {"currency": None}, {"tidy_seconds": 0}])
def test_a_mistake_is_told_in_one_sentence(mistake: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=rf"config.yml, wallet.{next(iter(mistake))}: ") as refusal:
        load({"wallet": {**SECTION, **mistake}})
    assert "\n" not in str(refusal.value)
