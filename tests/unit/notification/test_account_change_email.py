"""The e-mail about a change of an account has no token, and points to the page for a forgotten password."""

import pytest

from services.notification import rules
from services.notification.writing.account_change_email import write
from services.notification.writing.translations import LOCALES
from tests.drivers.received_emails import parse_email
from tests.unit.notification.html_page import Page
from tests.unit.notification.samples import context, message


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("kind", [*rules.TO_THE_HOLDER, rules.EMAIL_CHANGED])
def test_the_e_mail_says_what_changed_and_has_no_token(kind: str, language: str) -> None:
    told = parse_email(write(message(kind), "ada@mail.example", context(language=language)).as_bytes())
    assert told.to == "ada@mail.example"
    assert Page(told.page).links == ["https://cinema.example/forgotten"]
    assert "https://cinema.example/forgotten\n" in told.text
    assert "#" not in told.text
    assert "{" not in told.text + told.page
