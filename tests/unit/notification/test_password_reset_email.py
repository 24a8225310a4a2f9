"""The e-mail that sets a new password has a link and the username."""

import pytest

from services.notification import rules
from services.notification.writing.password_reset_email import write
from services.notification.writing.translations import LOCALES
from tests.drivers.received_emails import parse_email
from tests.unit.notification.html_page import Page
from tests.unit.notification.samples import context, message


@pytest.mark.parametrize("language", LOCALES)
def test_the_e_mail_has_a_link_that_no_log_holds_and_names_the_account(language: str) -> None:
    given = {"email": "ada@mail.example", "username": "王伟", "token": "t0-_k"}
    told = parse_email(write(message(rules.NEW_PASSWORD), given, context(language=language)).as_bytes())
    assert told.to == "ada@mail.example"
    assert Page(told.page).links == ["https://cinema.example/reset#t0-_k"]
    assert "https://cinema.example/reset#t0-_k\n" in told.text
    assert "王伟" in told.text
    assert "王伟" in told.page
    assert "{" not in told.text + told.page
