"""The section `gateway` of config.yml."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.settings import GatewaySection
from services.foundation.settings import SettingsError, read_section

CONFIG = Path(__file__).resolve().parents[3] / "config.yml"
GOOD = {"body_limit": 65536, "connection_limit": 2000, "connections_per_address": 200, "call_limit": 1000,
        "socket_timeout": 15, "stream_limit": 1000, "streams_per_address": 100,
        "token_cache_seconds": 5, "cors_origins": ["https://cinema.example"]}


def read(section: dict[str, Any]) -> Any:
    return read_section({"gateway": section}, "gateway", GatewaySection())


def test_the_settings_have_types() -> None:
    settings = read(GOOD)
    assert settings.body_limit == 65536
    assert settings.socket_timeout == 15.0
    assert settings.cors_origins == frozenset({"https://cinema.example"})


def test_config_yml_has_every_setting() -> None:
    gateway = CONFIG.read_text().partition("\ngateway:\n")[2].partition("\n\n")[0]
    settings = re.sub(r"\$\{\w+:(\w*)\}", r"\1", gateway)
    assert read(yaml.safe_load(settings)).cors_origins == frozenset()


@pytest.mark.parametrize(("name", "value"), [
    ("body_limit", 0), ("body_limit", "64k"), ("body_limit", 1.5), ("connection_limit", 0), ("call_limit", -1),
    ("call_limit", None), ("socket_timeout", 0), ("socket_timeout", "soon"), ("stream_limit", -1),
    ("token_cache_seconds", -1), ("cors_origins", "https://cinema.example"), ("cors_origins", ["*"]),
    ("cors_origins", ["cinema.example"]), ("cors_origins", ["https://cinema.example/"]), ("socket_timout", 15),
])
def test_a_wrong_setting_is_named_in_one_sentence(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=rf"^config\.yml, gateway\.{name}[.0-9]*: [A-Z].*\.$") as refusal:
        read({**GOOD, name: value})
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"gateway.{name}: "):
        read({key: value for key, value in GOOD.items() if key != name})


def test_two_mistakes_are_two_sentences() -> None:
    with pytest.raises(SettingsError, match=r"gateway\.body_limit: .*; .*gateway\.call_limit: "):
        read({**GOOD, "body_limit": 0, "call_limit": 0})
