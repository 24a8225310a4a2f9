"""The message that asks whether an address is somebody's own carries a link and not one word of a stranger's."""

import pytest

from services.notification import rules
from services.notification.delivery.errors import Undeliverable
from services.notification.writing.confirmation_email import write
from services.notification.writing.translations import LOCALES
from tests.integration.notification.received_emails import parse_email
from tests.unit.notification.facts import letterhead, message
from tests.unit.notification.test_email_template import Page


@pytest.mark.parametrize("language", LOCALES)
def test_it_has_a_link_that_no_log_will_hold(language: str) -> None:
    asked = message(rules.CONFIRM_EMAIL)
    given = {"email": "ada@mail.example", "token": "t0-_k"}
    told = parse_email(write(asked, given, letterhead(language=language)).as_bytes())
    assert told.to == "ada@mail.example"
    assert Page(told.page).links == ["https://cinema.example/confirm#t0-_k"]
    assert "https://cinema.example/confirm#t0-_k\n" in told.text
    assert "{" not in told.text + told.page


def test_what_is_no_address_is_said_to_be_undeliverable() -> None:
    with pytest.raises(Undeliverable):
        write(message(rules.CONFIRM_EMAIL), {"email": "ada@", "token": "t"}, letterhead())
