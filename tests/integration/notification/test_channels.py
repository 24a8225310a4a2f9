"""What every channel promises: the folder, and SMTP against a real server, plain and encrypted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.notification.delivery.channel import Channel
from services.notification.delivery.errors import ChannelDown, Undeliverable
from services.notification.delivery.folder import FolderChannel
from services.notification.delivery.smtp import SmtpChannel
from services.notification.settings import SmtpServer
from services.notification.writing.email_template import write
from testbed.mesh import free_ports
from tests.drivers.received_emails import ReceivedEmail, parse_email, received_emails
from tests.integration.notification.mail_server import PASSWORD, USER, Inbox, mail_server, make_certificate
from tests.unit.notification.samples import contact, context, message


@dataclass
class Case:
    """A channel, what arrived through it, and the same channel when it is down."""

    channel: Channel
    arrived: Callable[[], list[ReceivedEmail]]
    broken: Channel


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("mail") / "server.pem")


def encrypted(port: int, certificate: Path, password: str = PASSWORD) -> SmtpChannel:
    return SmtpChannel(SmtpServer("127.0.0.1", port, "starttls", USER, password, str(certificate)))


@pytest.fixture(params=["folder", "smtp", "smtp with STARTTLS and a password"])
def case(request: pytest.FixtureRequest, tmp_path: Path, certificate: Path) -> Iterator[Case]:
    inbox, nowhere = Inbox(), free_ports(1)[0]

    def arrived() -> list[ReceivedEmail]:
        return [parse_email(content) for content in inbox.taken]

    if request.param == "folder":
        (tmp_path / "file").touch()
        yield Case(FolderChannel(tmp_path / "messages"), lambda: received_emails(tmp_path / "messages"),
                  FolderChannel(tmp_path / "file"))
    elif request.param == "smtp":
        with mail_server(inbox) as port:
            yield Case(SmtpChannel(SmtpServer("127.0.0.1", port, "none")), arrived,
                      SmtpChannel(SmtpServer("127.0.0.1", nowhere, "none")))
    else:
        with mail_server(inbox, certificate) as port:
            yield Case(encrypted(port, certificate), arrived, encrypted(port, certificate, "wrong"))
        assert all(inbox.was_encrypted)


def email(event_id: str = "e1", title: str = "大都会 — \"Söhne\"", to: str = "ada@mail.example") -> Any:
    return write(message(event_id=event_id, screening={"film_title": title}), contact(email=to), context())


def test_a_message_arrives_as_it_was_written(case: Case) -> None:
    sent = email()
    case.channel.send(sent)
    [got] = case.arrived()
    assert got.message["Message-ID"] == sent["Message-ID"]
    assert (got.to, got.subject) == ("ada@mail.example", sent["Subject"])
    assert got.text.replace("\r\n", "\n") == sent.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert got.page.replace("\r\n", "\n") == sent.get_body(("html",)).get_content().replace("\r\n", "\n")


def test_a_message_sent_again_has_its_id(case: Case) -> None:
    for event_id in ("e1", "e2", "e1"):
        case.channel.send(email(event_id))
    assert {got.event_id for got in case.arrived()} == {"e1", "e2"}


def test_a_line_that_begins_with_a_dot_stays(case: Case) -> None:
    case.channel.send(email(title="... und dann\r\n.\r\nQUIT"))
    [got] = case.arrived()
    assert "... und dann . QUIT" in got.text


@pytest.mark.full_size("integration/notification/test_channels.py")
def test_a_channel_that_is_down_says_so_without_a_secret(case: Case) -> None:
    with pytest.raises(ChannelDown) as refusal:
        case.broken.send(email())
    for secret in (PASSWORD, "wrong", "ada@mail.example"):
        assert secret not in str(refusal.value)
    assert case.arrived() == []


# --- one channel only ---


def test_an_address_beyond_ascii_is_sent_with_smtputf8() -> None:
    inbox = Inbox()
    with mail_server(inbox) as port:
        SmtpChannel(SmtpServer("127.0.0.1", port, "none")).send(email(to="ü@mail.example"))
    assert inbox.recipients == ["ü@mail.example"]
    assert "To: ü@mail.example\r\n" in inbox.taken[0].decode()


def test_an_address_beyond_ascii_is_undeliverable_without_smtputf8() -> None:
    inbox = Inbox()
    with mail_server(inbox, utf8=False) as port:
        channel = SmtpChannel(SmtpServer("127.0.0.1", port, "none"))
        with pytest.raises(Undeliverable, match="no SMTPUTF8"):
            channel.send(email(to="ü@mail.example"))
        channel.send(email())
    assert inbox.recipients == ["ada@mail.example"]


def test_a_message_sent_again_replaces_its_file_readable_for_its_owner_only(tmp_path: Path) -> None:
    folder = FolderChannel(tmp_path / "messages")
    for event_id in ("e2", "e1", "e1"):
        folder.send(email(event_id))
    paths = sorted((tmp_path / "messages").iterdir())
    assert [path.name for path in paths] == ["20261121T110000-e1.eml", "20261121T110000-e2.eml"]
    assert {path.stat().st_mode & 0o077 for path in (*paths, tmp_path / "messages")} == {0}


@pytest.mark.parametrize(("refused", "error"), [("550 5.1.1 unknown", Undeliverable), ("450 4.2.1 later", ChannelDown)])
@pytest.mark.parametrize("what", ["refuse_recipient", "refuse_message"])
def test_a_permanent_refusal_differs_from_a_temporary_one(what: str, refused: str, error: type[Exception]) -> None:
    inbox = Inbox()
    setattr(inbox, what, refused)
    with mail_server(inbox) as port, pytest.raises(error) as refusal:
        SmtpChannel(SmtpServer("127.0.0.1", port, "none")).send(email())
    assert str(refusal.value) == f"the mail server answered {refused.rpartition(' ')[0]}"
    assert inbox.taken == []


def test_no_password_goes_to_an_untrusted_or_unencrypted_server(certificate: Path) -> None:
    inbox = Inbox()
    with mail_server(inbox, certificate) as port, pytest.raises(ChannelDown, match="SSLCertVerificationError"):
        SmtpChannel(SmtpServer("127.0.0.1", port, "starttls", USER, PASSWORD)).send(email())
    with mail_server(inbox) as port, pytest.raises(ChannelDown, match="SMTPNotSupportedError"):
        encrypted(port, certificate).send(email())
    assert inbox.taken == []
