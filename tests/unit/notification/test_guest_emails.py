"""E-mails to guests have a link that opens the order, and no word of whoever gave the address."""

import pytest

from services.notification import rules
from services.notification.writing import email_template, order_link_email
from services.notification.writing.translations import LOCALES
from tests.drivers.received_emails import parse_email
from tests.unit.notification.html_page import Page
from tests.unit.notification.samples import contact, context, message

LINK = "https://cinema.example/order/o1#t0-_k"


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("kind", rules.WITH_TICKETS)
def test_the_tickets_of_a_guest_have_a_link_that_no_log_holds(language: str, kind: str) -> None:
    written = email_template.write(message(kind), contact(None), context(language=language), "t0-_k")
    told = parse_email(written.as_bytes())
    assert told.to == "ada@mail.example"
    assert Page(told.page).links == [LINK]
    assert f"{LINK}\n" in told.text
    assert "F7" in told.text
    assert "{" not in told.text


@pytest.mark.parametrize("language", LOCALES)
def test_another_link_comes_alone(language: str) -> None:
    given = {"email": "ada@mail.example", "token": "t0-_k"}
    told = parse_email(order_link_email.write(message(rules.ORDER_LINK), given, context(language=language)).as_bytes())
    assert told.to == "ada@mail.example"
    assert Page(told.page).links == [LINK]
    assert "Metropolis" not in told.text
    assert "{" not in told.text + told.page
