"""The channel that delivers messages: the interface, and the choice between its implementations."""

import datetime as dt
from pathlib import Path
from typing import Any, Protocol

from services.foundation.settings import SettingsError, is_loopback
from services.notification.delivery.folder import FolderChannel
from services.notification.delivery.smtp import SmtpChannel
from services.notification.settings import NotificationSettings


class Channel(Protocol):
    """Delivers messages. A message that is sent twice has the same Message-ID."""

    needs_address: bool  # False: also takes messages without a recipient's address

    def send(self, message: Any) -> None:
        """Deliver an email.message.EmailMessage. Raises errors.Undeliverable or errors.ChannelDown."""

    def delete_old(self, before: dt.datetime) -> int:
        """Delete some of the messages of before that moment, if it keeps any; returns how many: 0, none is left."""


def choose_channel(config: Any, settings: NotificationSettings) -> Channel:
    """The channel that config.yml names. Raises SettingsError with what is missing."""
    if (settings.channel or default_channel(config, settings)) == "folder":
        return FolderChannel(Path(config["run_folder"]).expanduser() / "messages")
    server = settings.smtp
    if server is None:
        raise SettingsError("Messages are to be sent by SMTP, but MARQUEE_SMTP_HOST names no server.")
    if server.password and server.security == "none" and not is_loopback(server.host):
        raise SettingsError("MARQUEE_SMTP_SECURITY is `none`: the password would cross the network in the open.")
    return SmtpChannel(server)


def default_channel(config: Any, settings: NotificationSettings) -> str:
    """`smtp` if there is a server, and `folder` in local use. Elsewhere nobody reads the folder: SettingsError."""
    if settings.smtp is not None:
        return "smtp"
    if config["environment"] != "local":
        raise SettingsError("MARQUEE_ENVIRONMENT is not `local`, but nothing says how buyers get their messages: set "
                            "MARQUEE_SMTP_HOST, or MARQUEE_POST=folder to keep them as files and send none.")
    return "folder"
