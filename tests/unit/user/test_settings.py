"""The user room's section of config.yml: good values become UserSettings, each mistake one sentence."""

import datetime as dt
from typing import Any

import pytest

from services.foundation.settings import SettingsError
from services.user.settings import UserSettings, load
from tests.unit.user.samples import SECTION


def test_a_section_becomes_settings() -> None:
    assert load({"user": SECTION}) == UserSettings(
        max_workers=600, token_lifetime=dt.timedelta(hours=12), token_idle=dt.timedelta(hours=4),
        guest_lifetime=dt.timedelta(days=30), sessions_at_most=20, login_failures=10, login_pause_seconds=15,
        login_window_minutes=15, hashes_of_strangers=60, hashes_of_a_source=10,
        confirmation_lifetime=dt.timedelta(days=1), confirmations_per_hour=5,
        password_reset_lifetime=dt.timedelta(hours=1), password_resets_per_hour=5, smtputf8=False,
        second_factor_required=False, second_factor_keys=(), second_factor_failures=5)


@pytest.mark.parametrize(("mistake", "words"), [
    ({"token_hours": 0}, r"user\.token_hours: "), ({"token_hours": "long"}, r"user\.token_hours: Not a valid number"),
    ({"login_failures": 2.5}, r"user\.login_failures: Not a whole number"), ({"login_window_minutes": -1}, "window"),
    ({"confirmations_an_hour": None}, r"user\.confirmations_an_hour: .*null"), ({"smtputf8": "perhaps"}, "smtputf8"),
    ({"second_factor": "everybody"}, r"user\.second_factor: Must be one of"),
    ({"second_factor_key": "too short"}, r"user\.second_factor_key: A key has 32 characters or more"),
])
def test_a_mistake_is_told_in_one_sentence(mistake: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refusal:
        load({"user": {**SECTION, **mistake}})
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("said", "required"), [("staff", True), ("off", False), (False, False)])
def test_a_second_factor_is_required_of_staff_or_off(said: Any, required: bool) -> None:
    settings = load({"user": {**SECTION, "second_factor": said, "second_factor_key": f"{'a' * 32}, {'b' * 40}"}})
    assert settings.second_factor_required is required
    assert settings.second_factor_keys == ("a" * 32, "b" * 40)


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(SettingsError, match=r"config.yml, user.token_hours: Missing data"):
        load({"user": {name: value for name, value in SECTION.items() if name != "token_hours"}})
