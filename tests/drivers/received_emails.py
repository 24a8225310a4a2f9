"""E-mails as their recipients get them."""

from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path


@dataclass(frozen=True)
class ReceivedEmail:
    """An .eml file, parsed as a mail program does."""

    path: Path
    message: EmailMessage

    @property
    def event_id(self) -> str:
        return str(self.message["Message-ID"]).strip("<>").partition("@")[0]

    @property
    def to(self) -> str:
        return str(self.message["To"])

    @property
    def subject(self) -> str:
        """Unfolded: Python keeps the space of a subject that begins on the second line (RFC 5322, 2.2.3)."""
        return str(self.message["Subject"]).lstrip()

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def page(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content())


def parse_email(content: bytes, path: Path = Path("none")) -> ReceivedEmail:
    message = BytesParser(policy=policy.default).parsebytes(content)
    assert isinstance(message, EmailMessage)
    assert not [defect for part in message.walk() for defect in part.defects]
    return ReceivedEmail(path, message)


def received_emails(folder: Path, to: str = "") -> list[ReceivedEmail]:
    """The messages in a folder, or those to one recipient, in the order of their names."""
    return [message for path in sorted(folder.glob("*.eml")) if (message := parse_email(path.read_bytes(), path))
            if not to or message.to == to]
