"""The settings that operations read, and one sentence for each mistake in them."""

from typing import Any

import pytest

from operations import settings
from services.foundation.settings import SettingsError


def test_a_room_runs_once_unless_config_yml_says_otherwise() -> None:
    wanted = {"instances": {"order": "3", "gateway": 0, "removed": 2}}
    assert settings.instances(wanted, ["gateway", "film", "order"]) == {"gateway": 0, "film": 1, "order": 3}
    assert settings.instances({}, ["film"]) == {"film": 1}


@pytest.mark.parametrize(("number", "sentence"), [
    ("many", "config.yml, instances.film: Not a valid integer."),
    (-1, "config.yml, instances.film: Must be greater than or equal to 0."),
])
def test_a_wrong_number_of_instances_is_reported_in_one_sentence(number: Any, sentence: str) -> None:
    with pytest.raises(SettingsError) as mistake:
        settings.instances({"instances": {"film": number}}, ["film"])
    assert str(mistake.value) == sentence


@pytest.mark.parametrize("seconds", [0, -1, "often"])
def test_an_audit_needs_a_pause_of_some_seconds(seconds: Any) -> None:
    assert settings.audit_seconds({"audit": {"seconds": "0.5"}}) == 0.5
    with pytest.raises(SettingsError, match=r"^config\.yml, audit\.seconds: "):
        settings.audit_seconds({"audit": {"seconds": seconds}})


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:0", "127.0.0.1:65536"])
def test_an_address_without_a_port_is_reported_in_one_sentence(address: str) -> None:
    assert settings.web_address({"WEB_SERVER_ADDRESS": ":8000"}) == ("", 8000)
    with pytest.raises(SettingsError, match=r"^config\.yml, WEB_SERVER_ADDRESS: '.*' is not a port from 1 to 65535\.$"):
        settings.web_address({"WEB_SERVER_ADDRESS": address})
