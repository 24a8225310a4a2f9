"""Every kind of e-mail goes in its reader's language, or in the house's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.fields import LANGUAGES
from services.notification import rules
from services.notification.delivery.folder import FolderChannel
from services.notification.email_delivery import EmailDelivery
from services.notification.email_writer import EmailWriter
from services.notification.writing.translations import LOCALES
from tests.drivers.received_emails import ReceivedEmail, parse_email
from tests.unit.notification.samples import contact, context, message, tickets_to_mail

ABOUT_ACCOUNTS = (rules.CONFIRM_EMAIL, rules.NEW_PASSWORD, rules.EMAIL_CHANGED, *rules.TO_THE_HOLDER)


# Which answer of the user room says in which language a mail of this kind is.
DECIDES = {**dict.fromkeys((*rules.KINDS, *rules.TO_THE_HOLDER), "get_contact"), rules.ORDER_LINK: "issue_order_link",
           rules.CONFIRM_EMAIL: "issue_confirmation", rules.NEW_PASSWORD: "issue_password_reset",
           rules.EMAIL_CHANGED: "get_former_email"}


class Rooms:
    """The user room, which tells of `reader` in the answer that decides and of another in any other; the order room."""

    def __init__(self, decides: str, reader: dict[str, Any], other: dict[str, Any]) -> None:
        self.decides, self.reader, self.other = decides, reader, other

    def call(self, method: Any, fields: dict[str, Any]) -> dict[str, Any]:
        if method.room == "order":
            return tickets_to_mail()
        link = {"email": "ada@mail.example", "token": "t0-_k", "username": "ada"}
        answer = contact() if method.name == "get_contact" else link
        return {**answer, **(self.reader if method.name == self.decides else self.other)}


def received(folder: Path, kind: str, reader: dict[str, Any], house: str = "en") -> ReceivedEmail:
    """The mail; every answer that does not decide has a language that would be wrong."""
    right = reader.get("language")
    [wrong] = {"en", "zh"} - {right if right in LANGUAGES else house}
    delivery = EmailDelivery(FolderChannel(folder), context(language=house))
    about = message(kind)
    facts = {**orjson.loads(about.facts), "number": 1}
    rooms: Any = Rooms(DECIDES[kind], reader, {**reader, "language": wrong})
    email = EmailWriter(rooms, delivery, rules.MAIL_WINDOW).write(replace(about, facts=orjson.dumps(facts)))
    assert email is not None
    return parse_email(email.as_bytes())


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)


@pytest.mark.parametrize("guest", [False, True])
@pytest.mark.parametrize("kind", [*rules.KINDS, rules.ORDER_LINK, *ABOUT_ACCOUNTS])
def test_every_kind_is_in_the_language_of_its_reader(tmp_path: Path, kind: str, guest: bool) -> None:
    told = {house: received(tmp_path, kind, {"language": reader, "guest": guest}, house)
            for house, reader in (("en", "zh"), ("zh", "en"))}
    assert [each.message["Content-Language"] for each in told.values()] == ["zh", "en"]
    for part in ("subject", "text", "page"):
        assert [is_chinese(getattr(each, part)) for each in told.values()] == [True, False], part


def test_a_moment_is_written_for_the_reader(tmp_path: Path) -> None:
    told = received(tmp_path, "cancelled", {"language": "zh"})
    assert "2026年11月21日星期六 20:15" in told.text
    assert "2026年11月21日星期六 20:15" in told.page


@pytest.mark.parametrize("reader", [{}, {"language": None}, {"language": "fr"}],
                         ids=["a user room of the version before", "nobody said", "no texts yet"])
def test_the_house_s_language_is_for_everybody_else(tmp_path: Path, reader: dict[str, Any]) -> None:
    assert received(tmp_path, "cancelled", reader, house="zh").message["Content-Language"] == "zh"


def test_the_languages_to_choose_from_are_those_that_mails_are_written_in() -> None:
    assert set(LANGUAGES) == set(LOCALES)
