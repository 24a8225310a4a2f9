"""The channel that keeps messages as files, which any mail program opens."""

import os
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from services.notification.delivery.errors import ChannelDown


class FolderChannel:
    """One file per message, such as 20261121T191500-<event id>.eml, so that names sort by time.

    A message that is sent again replaces its file.
    """

    needs_address = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Write the message to disk, readable for its owner only. Raises ChannelDown if the folder can't be written."""
        path = self._folder / file_name(message)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(message.as_bytes())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as problem:
            raise ChannelDown(f"{self._folder} can't be written: {problem.strerror}") from problem


def file_name(message: EmailMessage) -> str:
    """The date and event of the message."""
    moment = parsedate_to_datetime(str(message["Date"]))
    event_id = str(message["Message-ID"]).strip("<>").partition("@")[0]
    return f"{moment:%Y%m%dT%H%M%S}-{event_id}.eml"
