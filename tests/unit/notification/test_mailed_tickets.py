"""The mail with the tickets can be used at the door, in any mail program: QR codes, codes as text, a calendar file."""

import io
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from services.notification import rules
from services.notification.delivery.errors import PickUpCodeMissing
from services.notification.delivery.folder import FolderChannel
from services.notification.email_delivery import EmailDelivery
from services.notification.email_writer import EmailWriter
from services.notification.writing import email_template
from services.notification.writing.translations import LOCALES
from tests.drivers.received_emails import ReceivedEmail, parse_email
from tests.unit.notification.html_page import Page
from tests.unit.notification.samples import NOON, contact, context, message, tickets_to_mail

SNACK = {"sku": "cola", "name": "Cola", "name_zh": None, "price": 300, "quantity": 1}


def received(kind: str = "paid", language: str = "en", **found: Any) -> ReceivedEmail:
    written = email_template.write(message(kind), contact(), context(language=language), found=tickets_to_mail(**found))
    return parse_email(written.as_bytes())


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("kind", rules.WITH_TICKETS)
def test_each_ticket_is_a_picture_in_the_page_and_a_code_in_the_text(language: str, kind: str) -> None:
    told = received(kind, language)

    pictures = {part["Content-ID"].strip("<>"): part for part in told.message.walk()
                if part.get_content_type() == "image/png"}
    assert [f"cid:{name}" for name in pictures] == [link for link in Page(told.page).links if link.startswith("cid:")]
    codes = [zxingcpp.read_barcode(Image.open(io.BytesIO(part.get_content()))).text for part in pictures.values()]
    assert codes == [ticket["code"] for ticket in tickets_to_mail()["tickets"]]
    for code in codes:
        assert f"\n{code}\n" in told.text
    assert {part.get_content_disposition() for part in pictures.values()} == {"inline"}
    assert "{" not in told.text + told.page


def test_text_and_page_are_alternatives_and_the_calendar_file_is_attached_to_both() -> None:
    told = received()

    assert told.message.get_content_type() == "multipart/mixed"
    alternatives, calendar = told.message.iter_parts()
    assert [part.get_content_type() for part in alternatives.iter_parts()] == ["text/plain", "multipart/related"]
    assert (calendar.get_content_type(), calendar.get_filename()) == ("text/calendar", "marquee.ics")
    assert calendar.get_payload(decode=True).decode() == tickets_to_mail()["calendar"]    # with its line ends
    assert calendar.get_content_charset() == "utf-8"


def test_the_address_and_the_code_for_the_snacks_are_told() -> None:
    told = received(pick_up_code="K472", cinema_address="Ufer 1,\nBcc: x <b>Berlin</b>")

    assert "Address: Ufer 1, Bcc: x <b>Berlin</b>\n" in told.text
    assert "Code for your snacks: K472\n" in told.text
    assert "&lt;b&gt;Berlin" in told.page


def test_what_is_not_known_is_left_out() -> None:
    told = received(tickets=[], calendar=None, cinema_address=None)

    assert "Address" not in told.text
    assert "Code" not in told.text
    assert told.message.get_content_type() == "multipart/alternative"
    assert "cid:" not in told.page


class Rooms:
    """Answers calls by the name of their method, and remembers them."""

    def __init__(self, **found: Any) -> None:
        self.found, self.called = found, list[str]()

    def call(self, method: Any, fields: dict[str, Any]) -> Any:
        self.called.append(method.name)
        return {"get_contact": contact(), "get_tickets_to_mail": tickets_to_mail(**self.found)}[method.name]


def writer(rooms: Any, folder: Any, monkeypatch: pytest.MonkeyPatch, seconds: float) -> EmailWriter:
    now = NOON.fromtimestamp(NOON.timestamp() + seconds, NOON.tzinfo)
    monkeypatch.setattr("services.notification.email_writer.utc_now", lambda: now)
    return EmailWriter(rooms, EmailDelivery(FolderChannel(folder), context()), rules.MAIL_WINDOW)


def test_a_mail_waits_a_moment_for_the_kitchens_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    with pytest.raises(PickUpCodeMissing):
        writer(Rooms(), tmp_path, monkeypatch, 59).write(message(snacks=[SNACK]))

    assert writer(Rooms(), tmp_path, monkeypatch, 61).write(message(snacks=[SNACK]))    # the kitchen is away
    assert writer(Rooms(), tmp_path, monkeypatch, 0).write(message())                   # nothing to pick up
    known = writer(Rooms(pick_up_code="K472"), tmp_path, monkeypatch, 0).write(message(snacks=[SNACK]))
    assert known is not None
    assert "K472" in parse_email(known.as_bytes()).text


@pytest.mark.parametrize("kind", ["part_refunded", "refunded", "cancelled", "screening_cancelled"])
def test_other_mails_ask_for_no_tickets(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, kind: str) -> None:
    rooms = Rooms()
    written = writer(rooms, tmp_path, monkeypatch, 0).write(message(kind))
    assert written is not None
    assert rooms.called == ["get_contact"]
    assert not list(written.iter_attachments())
