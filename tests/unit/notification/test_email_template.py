"""An e-mail says the same in both parts, and no name of a buyer or film breaks out of its place."""


import pytest

from services.foundation.settings import SettingsError
from services.notification import rules
from services.notification.delivery.errors import Undeliverable
from services.notification.writing import email_template
from services.notification.writing.email_template import write
from services.notification.writing.translations import LOCALES
from tests.drivers.received_emails import ReceivedEmail, parse_email
from tests.unit.notification.html_page import Page
from tests.unit.notification.samples import SETTINGS, contact, context, message

GIVEN_BACK = {"refund": {"amount": 1250, "seats": ["F7"]}, "returned_seats": ["F7"], "refunded": 1250}


def written(kind: str = "paid", language: str = "en", name: str | None = "Ada", **changes: object) -> ReceivedEmail:
    return parse_email(write(message(kind, **changes), contact(name), context(language=language)).as_bytes())


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("kind", rules.KINDS)
def test_every_kind_of_message_has_what_a_buyer_needs_in_every_language(kind: str, language: str) -> None:
    told = written(kind, language, **GIVEN_BACK if kind in ("part_refunded", "refunded") else {})
    page = Page(told.page)
    for fact in ("Metropolis", "Kino am Kanal", "Hall 2", "20:15", "F7", "o1", "Ada"):
        assert fact in told.text
        assert fact in page.text
    assert "https://cinema.example/order/o1" in told.text
    assert page.links == ["https://cinema.example/order/o1"]
    assert "Metropolis" in told.subject
    assert "{" not in told.text + page.text
    assert told.message["Content-Language"] == language


def test_a_partial_refund_lists_seats_given_back_and_seats_kept() -> None:
    told = written("part_refunded", **GIVEN_BACK)
    assert "Seats: F7\nStill yours: F8\nGiven back: €12.50\n" in told.text


@pytest.mark.parametrize(("language", "lines"), [
    ("en", "Seats: F8\n"), ("en", "Given back: €12.50\nGiven back in all: €25.00\n"), ("zh", "座位：F8\n")])
def test_the_message_about_the_last_refund_does_not_repeat_earlier_ones(language: str, lines: str) -> None:
    told = written("refunded", language, returned_seats=["F7", "F8"], refunded=2500,
                   last_refund={"amount": 1250, "seats": ["F8"]})
    assert lines in told.text
    assert "F7" not in told.text


@pytest.mark.parametrize(("language", "line"), [("en", "Snacks: 2 × Popcorn, 1 × Cola"),
                                                ("zh", "小食：2 × 爆米花、1 × Cola")])
def test_snacks_are_named_in_the_readers_language(language: str, line: str) -> None:
    snacks = [{"sku": "popcorn", "name": "Popcorn", "name_zh": "爆米花", "quantity": 2, "price": 500},
              {"sku": "cola", "name": "Cola", "name_zh": None, "quantity": 1, "price": 300}]
    assert line in written("paid", language, snacks=snacks).text


@pytest.mark.parametrize(("language", "mark", "sentence"), [
    ("en", "[TEST] ", "no real money"), ("zh", "[测试] ", "没有收取真实款项")])
@pytest.mark.parametrize("kind", rules.KINDS)
def test_a_demonstration_s_e_mails_say_test(kind: str, language: str, mark: str, sentence: str) -> None:
    demonstration = context(language=language, allow_test_money=True)
    told = parse_email(write(message(kind, **GIVEN_BACK), contact(), demonstration).as_bytes())
    assert told.subject.startswith(mark)
    assert sentence in told.text.splitlines()[0]
    assert sentence in Page(told.page).text
    plain = written(kind, language, **GIVEN_BACK)
    assert mark.strip() not in plain.subject
    assert sentence not in plain.text + plain.page


def test_any_film_title_stays_text() -> None:
    title = "<script>alert('x')</script> & \"Söhne\"\r\nBcc: everyone@mail.example"
    told = written(screening={"film_title": title})
    page = Page(told.page)
    assert page.tags & {"script", "img"} == set()
    assert "<script>alert('x')</script> & \"Söhne\" Bcc: everyone@mail.example" in page.text
    assert told.message["Bcc"] is None
    assert [name for name in told.message if name.lower() == "to"] == ["To"]


@pytest.mark.parametrize(("name", "greeting"), [
    ("Ada\r\nBcc: everyone@mail.example", "Hello,"), ("Ada\u2028Bcc: x@mail.example", "Hello,"),
    ("You won! https://evil.example", "Hello,"), ("Ada.Lovelace", "Hello,"), ("\n\t", "Hello,"),
    ("{link}", "Hello {link},"),
    ("<img src=x onerror=alert(1)>", "Hello <img src=x onerror=alert(1)>,"), ("艾达 艾达 ", "Hello 艾达 艾达,"),
])
def test_any_name_of_a_buyer_stays_text(name: str, greeting: str) -> None:
    told = written(name=name)
    assert told.message["Bcc"] is None
    assert told.to == "ada@mail.example"
    assert Page(told.page).tags & {"img", "script"} == set()
    assert told.text.splitlines()[0] == greeting


def test_a_buyer_without_a_name_is_greeted() -> None:
    assert written(name=None).text.startswith("Hello,\n")


@pytest.mark.parametrize("email", ["ada", "ada@", "@mail.example", "ada@mail.example\r\nBcc: x@mail.example",
                                   "ada@mail.example, x@mail.example", "a b@mail.example", "ada@mail..example"])
def test_an_invalid_address_is_undeliverable(email: str) -> None:
    with pytest.raises(Undeliverable):
        write(message(), contact(email=email), context())


@pytest.mark.parametrize("email", [None, ""])
def test_an_e_mail_without_an_address_has_no_recipient(email: str | None) -> None:
    told = parse_email(write(message(), contact(email=email), context()).as_bytes())
    assert told.to == "undisclosed-recipients:;"
    assert told.message["To"].addresses == ()
    assert told.text.startswith("Hello Ada,")


def test_a_domain_in_another_script_is_written_in_punycode() -> None:
    told = parse_email(write(message(), contact(email="ada@bücher.example"), context()).as_bytes())
    assert told.to == "ada@xn--bcher-kva.example"


def test_a_local_part_beyond_ascii_is_written_as_it_is() -> None:
    plain = write(message(), contact(email="ädä@bücher.example"), context()).as_bytes()
    assert "To: ädä@xn--bcher-kva.example\n" in plain.decode()


def test_a_message_written_twice_has_the_same_id() -> None:
    first, second = (write(message(), contact(), context()) for _ in range(2))
    assert first["Message-ID"] == second["Message-ID"] == "<e1@cinema.example>"
    assert first["Date"] == "Sat, 21 Nov 2026 11:00:00 +0000"


def test_a_file_can_be_read_without_a_mail_program() -> None:
    plain = write(message(screening={"film_title": "大都会"}), contact(), context(language="zh")).as_bytes()
    assert "影片：大都会" in plain.decode()


@pytest.mark.parametrize(("changes", "told"), [
    ({"environment": "production", "public_url": None}, "MARQUEE_PUBLIC_URL"),
    ({"language": "fr"}, "MARQUEE_LANGUAGE"),
    ({"notification": {**SETTINGS["notification"], "sender": "Marquee"}}, "MARQUEE_MAIL_FROM"),
])
def test_a_mistake_in_the_settings_is_told_in_one_sentence(changes: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        context(**changes)


def test_the_link_leads_to_the_gateway_in_local_use() -> None:
    assert context(public_url=None).public_url == "http://127.0.0.1:8000"


def test_no_line_end_stays_in_a_header() -> None:
    assert email_template.one_line(" a\r\n b\u2028c\x85d\x0be ") == "a b c d e"
