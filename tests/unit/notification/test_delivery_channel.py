"""config.yml chooses the channel; a mistake there is told in one sentence at the start."""

from typing import Any

import pytest

from services.foundation.settings import SettingsError
from services.notification.delivery.channel import Channel, choose_channel
from services.notification.delivery.folder import FolderChannel
from services.notification.delivery.smtp import SmtpChannel
from services.notification.settings import SmtpServer, load
from tests.unit.notification.samples import SETTINGS

HOST = {"host": "mail.example"}


def settings(environment: str = "local", post: str | None = None, **smtp: Any) -> dict[str, Any]:
    section = SETTINGS["notification"]
    return {**SETTINGS, "environment": environment,
            "notification": {**section, "post": post, "smtp": {**section["smtp"], **smtp}}}


def chosen(config: dict[str, Any]) -> Channel:
    return choose_channel(config, load(config))


@pytest.mark.parametrize(("given", "channel"), [
    (settings(), FolderChannel), (settings(**HOST), SmtpChannel), (settings(post="folder", **HOST), FolderChannel),
    (settings("production", **HOST), SmtpChannel), (settings("production", post="folder"), FolderChannel),
    (settings(security="none", user="u", password="p", host="127.0.0.1"), SmtpChannel),
])
def test_settings_choose_a_channel(given: dict[str, Any], channel: type) -> None:
    assert isinstance(chosen(given), channel)


@pytest.mark.parametrize(("given", "needed"), [(settings(), False), (settings(**HOST), True)])
def test_only_smtp_needs_an_address(given: dict[str, Any], needed: bool) -> None:
    assert chosen(given).needs_address is needed


@pytest.mark.parametrize(("given", "told"), [
    (settings("production"), "MARQUEE_SMTP_HOST.*MARQUEE_POST=folder"), (settings(post="smtp"), "MARQUEE_SMTP_HOST"),
    (settings(post="pigeon"), "pigeon"), (settings(security="maybe", **HOST), "MARQUEE_SMTP_SECURITY"),
    (settings(security="none", user="u", password="p", **HOST), "in the open"),
])
def test_a_mistake_is_told_in_one_sentence(given: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refusal:
        chosen(given)
    assert "\n" not in str(refusal.value)


def test_a_password_is_not_in_a_repr() -> None:
    assert "geheim" not in repr(SmtpServer("mail.example", 587, "starttls", "u", "geheim"))
