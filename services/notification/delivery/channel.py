"""Where messages are handed in: the interface, and which of its two ways the settings ask for."""

from pathlib import Path
from typing import Any, Protocol

from nameko import config
from nameko.extensions import DependencyProvider

from services.foundation.settings import SettingsError, is_loopback
from services.notification.delivery.folder import Folder
from services.notification.delivery.smtp import Mail, MailServer
from services.notification.writing.email_template import Letterhead

SECURITY = ("starttls", "tls", "none")


class Post(Protocol):
    """Takes a message to someone. The same message twice is recognised by its Message-ID."""

    needs_address: bool  # or it takes messages that are for nobody it could name, too

    def send(self, message: Any) -> None:
        """Hand in an email.message.EmailMessage. Raises errors.Undeliverable or errors.PostDown."""


class PostOffice(DependencyProvider):
    """Injects the Post, and the letterhead of what is sent with it."""

    def setup(self) -> None:
        self._given = choose(config), Letterhead.of(config)

    def get_dependency(self, worker_ctx: Any) -> tuple[Post, Letterhead]:
        return self._given


def choose(settings: Any) -> Post:
    """The way that config.yml names. Raises SettingsError with what is missing."""
    mine = settings["notification"]
    way = mine["post"] or default_way(settings)
    if way == "folder":
        return Folder(Path(settings["run_folder"]).expanduser() / "messages")
    if way != "smtp":
        raise SettingsError(f"MARQUEE_POST is `folder` or `smtp`, not {way!r}.")
    smtp = mine["smtp"]
    if not smtp["host"]:
        raise SettingsError("Messages are to be sent by SMTP, but MARQUEE_SMTP_HOST names no server.")
    if smtp["security"] not in SECURITY:
        raise SettingsError(f"MARQUEE_SMTP_SECURITY is one of {', '.join(SECURITY)}, not {smtp['security']!r}.")
    if smtp["password"] and smtp["security"] == "none" and not is_loopback(smtp["host"]):
        raise SettingsError("MARQUEE_SMTP_SECURITY is `none`: the password would cross the network in the open.")
    return Mail(MailServer(**{name: value for name, value in smtp.items() if value is not None}))


def default_way(settings: Any) -> str:
    """Files on one's own machine; elsewhere nobody would read them, so they must be asked for."""
    if settings["notification"]["smtp"]["host"]:
        return "smtp"
    if settings["environment"] != "local":
        raise SettingsError("MARQUEE_ENVIRONMENT is not `local`, but nothing says how buyers get their messages: set "
                            "MARQUEE_SMTP_HOST, or MARQUEE_POST=folder to keep them as files and send none.")
    return "folder"
