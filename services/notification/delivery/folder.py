"""A Post that keeps messages as files, which any mail program opens."""

import os
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from services.notification.delivery.errors import PostDown


class Folder:
    """A file a message, such as 20261121T191500-<event id>.eml: a listing by name is one by time.

    A message that is sent again takes the place of its file.
    """

    needs_address = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        path = self._folder / file_name(message)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(message.as_bytes())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as problem:
            raise PostDown(f"{self._folder} can't be written: {problem.strerror}") from problem


def file_name(message: EmailMessage) -> str:
    moment = parsedate_to_datetime(str(message["Date"]))
    event_id = str(message["Message-ID"]).strip("<>").partition("@")[0]
    return f"{moment:%Y%m%dT%H%M%S}-{event_id}.eml"
