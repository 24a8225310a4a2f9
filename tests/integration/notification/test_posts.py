"""What every Post promises: the folder, and SMTP against a real server, in the open and encrypted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.notification.delivery.channel import Post
from services.notification.delivery.errors import PostDown, Undeliverable
from services.notification.delivery.folder import Folder
from services.notification.delivery.smtp import Mail, MailServer
from services.notification.writing.email_template import write
from testbed.mesh import free_ports
from tests.integration.notification.mail_server import PASSWORD, USER, Inbox, mail_server, make_certificate
from tests.integration.notification.received_emails import ReceivedEmail, parse_email, received_emails
from tests.unit.notification.facts import contact, letterhead, message


@dataclass
class Way:
    """A Post, what arrived by it, and the same Post when it can't work."""

    post: Post
    arrived: Callable[[], list[ReceivedEmail]]
    broken: Post


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("mail") / "server.pem")


def encrypted(port: int, certificate: Path, password: str = PASSWORD) -> Mail:
    return Mail(MailServer("127.0.0.1", port, "starttls", USER, password, str(certificate)))


@pytest.fixture(params=["folder", "smtp", "smtp with STARTTLS and a password"])
def way(request: pytest.FixtureRequest, tmp_path: Path, certificate: Path) -> Iterator[Way]:
    inbox, nowhere = Inbox(), free_ports(1)[0]

    def arrived() -> list[ReceivedEmail]:
        return [parse_email(content) for content in inbox.taken]

    if request.param == "folder":
        (tmp_path / "file").touch()
        yield Way(Folder(tmp_path / "messages"), lambda: received_emails(tmp_path / "messages"),
                  Folder(tmp_path / "file"))
    elif request.param == "smtp":
        with mail_server(inbox) as port:
            yield Way(Mail(MailServer("127.0.0.1", port, "none")), arrived,
                      Mail(MailServer("127.0.0.1", nowhere, "none")))
    else:
        with mail_server(inbox, certificate) as port:
            yield Way(encrypted(port, certificate), arrived, encrypted(port, certificate, "wrong"))
        assert all(inbox.was_encrypted)


def letter(event_id: str = "e1", title: str = "大都会 — \"Söhne\"", email: str = "ada@mail.example") -> Any:
    told = message(screening={"film_title": title})
    told.event_id = event_id
    return write(told, contact(email=email), letterhead())


def test_a_message_arrives_as_it_was_written(way: Way) -> None:
    sent = letter()
    way.post.send(sent)
    [got] = way.arrived()
    assert got.message["Message-ID"] == sent["Message-ID"]
    assert (got.to, got.subject) == ("ada@mail.example", sent["Subject"])
    assert got.text.replace("\r\n", "\n") == sent.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert got.page.replace("\r\n", "\n") == sent.get_body(("html",)).get_content().replace("\r\n", "\n")


def test_two_messages_are_two_and_one_sent_again_can_be_told_by_its_id(way: Way) -> None:
    for event_id in ("e1", "e2", "e1"):
        way.post.send(letter(event_id))
    assert {got.event_id for got in way.arrived()} == {"e1", "e2"}


def test_a_line_that_begins_with_a_point_stays(way: Way) -> None:
    way.post.send(letter(title="... und dann\r\n.\r\nQUIT"))
    [got] = way.arrived()
    assert "... und dann . QUIT" in got.text


def test_what_can_not_be_sent_now_is_said_so_without_a_secret(way: Way) -> None:
    with pytest.raises(PostDown) as trouble:
        way.broken.send(letter())
    for secret in (PASSWORD, "wrong", "ada@mail.example"):
        assert secret not in str(trouble.value)
    assert way.arrived() == []


# --- one of them only ---


def test_a_name_beyond_ascii_is_written_to_where_the_server_has_a_way() -> None:
    inbox = Inbox()
    with mail_server(inbox) as port:
        Mail(MailServer("127.0.0.1", port, "none")).send(letter(email="ü@mail.example"))
    assert inbox.recipients == ["ü@mail.example"]
    assert "To: ü@mail.example\r\n" in inbox.taken[0].decode()


def test_where_the_server_has_none_the_message_is_undeliverable_at_once() -> None:
    inbox = Inbox()
    with mail_server(inbox, utf8=False) as port:
        way = Mail(MailServer("127.0.0.1", port, "none"))
        with pytest.raises(Undeliverable, match="no SMTPUTF8"):
            way.send(letter(email="ü@mail.example"))
        way.send(letter())
    assert inbox.recipients == ["ada@mail.example"]


def test_a_file_sent_again_is_one_file_and_only_its_owners(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "messages")
    for event_id in ("e2", "e1", "e1"):
        folder.send(letter(event_id))
    paths = sorted((tmp_path / "messages").iterdir())
    assert [path.name for path in paths] == ["20261121T110000-e1.eml", "20261121T110000-e2.eml"]
    assert {path.stat().st_mode & 0o077 for path in (*paths, tmp_path / "messages")} == {0}


@pytest.mark.parametrize(("refused", "error"), [("550 5.1.1 unknown", Undeliverable), ("450 4.2.1 later", PostDown)])
@pytest.mark.parametrize("what", ["refuse_recipient", "refuse_message"])
def test_a_refusal_for_good_is_told_from_one_for_now(what: str, refused: str, error: type[Exception]) -> None:
    inbox = Inbox()
    setattr(inbox, what, refused)
    with mail_server(inbox) as port, pytest.raises(error) as trouble:
        Mail(MailServer("127.0.0.1", port, "none")).send(letter())
    assert str(trouble.value) == f"the mail server answered {refused.rpartition(' ')[0]}"
    assert inbox.taken == []


def test_no_password_goes_to_a_server_that_is_not_trusted_or_does_not_encrypt(certificate: Path) -> None:
    inbox = Inbox()
    with mail_server(inbox, certificate) as port, pytest.raises(PostDown, match="SSLCertVerificationError"):
        Mail(MailServer("127.0.0.1", port, "starttls", USER, PASSWORD)).send(letter())
    with mail_server(inbox) as port, pytest.raises(PostDown, match="SMTPNotSupportedError"):
        encrypted(port, certificate).send(letter())
    assert inbox.taken == []
