"""The e-mail that asks to confirm an address has a link, and no word of the user who gave the address."""

import pytest

from services.notification import rules
from services.notification.delivery.errors import Undeliverable
from services.notification.writing.confirmation_email import write
from services.notification.writing.translations import LOCALES
from tests.drivers.received_emails import parse_email
from tests.unit.notification.html_page import Page
from tests.unit.notification.samples import context, message


@pytest.mark.parametrize("language", LOCALES)
def test_the_e_mail_has_a_link_that_no_log_holds(language: str) -> None:
    asked = message(rules.CONFIRM_EMAIL)
    given = {"email": "ada@mail.example", "token": "t0-_k"}
    told = parse_email(write(asked, given, context(language=language)).as_bytes())
    assert told.to == "ada@mail.example"
    assert Page(told.page).links == ["https://cinema.example/confirm#t0-_k"]
    assert "https://cinema.example/confirm#t0-_k\n" in told.text
    assert "{" not in told.text + told.page


def test_an_invalid_address_is_undeliverable() -> None:
    with pytest.raises(Undeliverable):
        write(message(rules.CONFIRM_EMAIL), {"email": "ada@", "token": "t"}, context())
