"""The loyalty room's section of config.yml: good values become LoyaltySettings, each mistake one sentence."""

from typing import Any

import pytest

from services.foundation.settings import SettingsError
from services.loyalty.settings import NOTHING, LoyaltySettings, load
from tests.unit.loyalty.samples import PER_TEN, SECTION


@pytest.fixture
def settings() -> LoyaltySettings:
    return load({"loyalty": SECTION})


def test_the_first_rule_for_the_cinema_and_currency_counts(settings: LoyaltySettings) -> None:
    assert settings.earning_of("kanal", "EUR").seats_per == 10
    assert settings.earning_of("elsewhere", "EUR").seats_per == 20
    assert settings.earning_of(None, "EUR").snacks_points == 0
    assert settings.earning_of("kanal", "CNY") == NOTHING


def test_a_rate_is_that_of_the_currency_or_the_first(settings: LoyaltySettings) -> None:
    assert settings.rate_of("CNY") == {"currency": "CNY", "points": 100, "amount": 400}
    assert settings.rate_of(None) == settings.rate_of("EUR")
    assert settings.rate_of("USD") is None


def test_a_reward_is_points_or_money(settings: LoyaltySettings) -> None:
    assert settings.rewards[0] == {"kind": "points", "points": 5}
    assert settings.rewards[6] == {"kind": "wallet", "amount": 100, "currency": "EUR"}
    assert settings.tiers == [("silver", 2000)]


@pytest.mark.parametrize("mistake", [
    {"earning": [{"currency": "EUR", "seats": {"points": 1, "per": 0}}]}, {"earning": [{"seats": PER_TEN}]},
    {"earning": [{"currency": "EUR", "seats": {"points": -1, "per": 1}}]}, {"rates": [{"currency": "EUR"}]},
    {"rates": [{"currency": "EUR", "points": 0, "amount": 1}]}, {"tiers": [{"name": "", "points": 1}]},
    {"rewards": [{"points": 5}] * 6}, {"rewards": [{"points": 5}] * 6 + [{"points": 5, "currency": "EUR"}]},
    {"rewards": [{"points": 5}] * 6 + [{"amount": 5}]}, {"time_zone": "Berlin"}, {"time_zone": None},
    {"compare_seconds": 0},
], ids=str)
def test_a_mistake_is_told_in_one_sentence(mistake: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=rf"config.yml, loyalty.{next(iter(mistake))}[.: ]") as refusal:
        load({"loyalty": {**SECTION, **mistake}})
    assert "\n" not in str(refusal.value)


def test_each_missing_setting_is_named() -> None:
    with pytest.raises(SettingsError) as refusal:
        load({})
    for name in SECTION:
        assert f"loyalty.{name}: " in str(refusal.value)
