"""The notification room's section of config.yml: good values become NotificationSettings, each mistake one sentence."""

import datetime as dt
from email.headerregistry import Address
from typing import Any

import pytest

from services.foundation.settings import SettingsError
from services.notification.settings import NotificationSettings, SmtpServer, load
from tests.unit.notification.samples import SETTINGS

SECTION: dict[str, Any] = SETTINGS["notification"]


def test_a_section_becomes_settings() -> None:
    assert load({"notification": SECTION}) == NotificationSettings(
        channel="", sender=Address("Marquee", "tickets", "cinema.example"), smtp=None, pauses=(5, 30), tries=30,
        unconfirmed_lifetime=dt.timedelta(days=2), mails_per_hour=30, kept=dt.timedelta(days=90))


def test_a_host_becomes_a_server() -> None:
    smtp = {**SECTION["smtp"], "host": "mail.example", "user": "u", "password": "p"}
    assert load({"notification": {**SECTION, "smtp": smtp}}).smtp == SmtpServer(
        "mail.example", 587, "starttls", "u", "p", "", 10)


@pytest.mark.parametrize(("mistake", "words"), [
    ({"post": "pigeon"}, "MARQUEE_POST is `folder` or `smtp`, not 'pigeon'"),
    *(({"sender": sender}, r"sender: MARQUEE_MAIL_FROM is not an address such as Marquee <tickets@cinema\.example>\.$")
      for sender in ("Marquee", "Marquee <tickets>", "Marquee <@cinema.example>", "")),
    ({"pauses": []}, r"notification\.pauses: "), ({"pauses": [5, "soon"]}, r"notification\.pauses\.1: "),
    ({"tries": 0}, r"notification\.tries: "), ({"send_seconds": 0}, r"notification\.send_seconds: "),
    ({"smtp": {**SECTION["smtp"], "port": 0}}, r"notification\.smtp\.port: "),
    ({"smtp": {**SECTION["smtp"], "security": "maybe"}}, "MARQUEE_SMTP_SECURITY is one of starttls, tls, none"),
    ({"smtp": {**SECTION["smtp"], "hots": "mail.example"}}, r"notification\.smtp\.hots: "),
])
def test_a_mistake_is_told_in_one_sentence(mistake: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refusal:
        load({"notification": {**SECTION, **mistake}})
    assert "\n" not in str(refusal.value)
