"""Which way messages go is the settings' word, and a word that can't be is one sentence at the start."""

from typing import Any

import pytest

from services.foundation.settings import SettingsError
from services.notification.delivery.channel import choose
from services.notification.delivery.folder import Folder
from services.notification.delivery.smtp import Mail, MailServer
from tests.unit.notification.facts import SETTINGS

HOST = {"host": "mail.example"}


def settings(environment: str = "local", post: str | None = None, **smtp: Any) -> dict[str, Any]:
    mine = SETTINGS["notification"]
    return {**SETTINGS, "environment": environment,
            "notification": {**mine, "post": post, "smtp": {**mine["smtp"], **smtp}}}


@pytest.mark.parametrize(("given", "way"), [
    (settings(), Folder), (settings(**HOST), Mail), (settings(post="folder", **HOST), Folder),
    (settings("production", **HOST), Mail), (settings("production", post="folder"), Folder),
    (settings(security="none", user="u", password="p", host="127.0.0.1"), Mail),
])
def test_these_ways_are_taken(given: dict[str, Any], way: type) -> None:
    assert isinstance(choose(given), way)


@pytest.mark.parametrize(("given", "needed"), [(settings(), False), (settings(**HOST), True)])
def test_only_mail_needs_to_know_where_to(given: dict[str, Any], needed: bool) -> None:
    assert choose(given).needs_address is needed


@pytest.mark.parametrize(("given", "told"), [
    (settings("production"), "MARQUEE_SMTP_HOST.*MARQUEE_POST=folder"), (settings(post="smtp"), "MARQUEE_SMTP_HOST"),
    (settings(post="pigeon"), "pigeon"), (settings(security="maybe", **HOST), "MARQUEE_SMTP_SECURITY"),
    (settings(security="none", user="u", password="p", **HOST), "in the open"),
])
def test_these_are_refused_in_one_sentence(given: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refusal:
        choose(given)
    assert "\n" not in str(refusal.value)


def test_a_password_is_not_shown() -> None:
    assert "geheim" not in repr(MailServer("mail.example", 587, "starttls", "u", "geheim"))
