"""The channel that keeps messages as files, which any mail program opens."""

import datetime as dt
import os
from contextlib import suppress
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path

from services.foundation.database import MOST_DELETED
from services.notification.delivery.errors import ChannelDown

STAMP = "%Y%m%dT%H%M%S"  # of the message's Date, at the beginning of its file's name


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

    def delete_old(self, before: dt.datetime) -> int:
        """Delete some of the files of messages of before that moment, by their names; returns how many."""
        first_kept = f"{before:{STAMP}}"
        try:
            with os.scandir(self._folder) as files:
                old = (file for file in files if file.name.lstrip(".") < first_kept and ".eml" in file.name)
                return sum(_delete(file.path) for file in islice(old, MOST_DELETED))
        except FileNotFoundError:
            return 0  # nothing was ever sent


def _delete(path: str) -> bool:
    with suppress(FileNotFoundError):  # another process is purging, too
        os.unlink(path)
        return True
    return False


def file_name(message: EmailMessage) -> str:
    """The date and event of the message."""
    moment = parsedate_to_datetime(str(message["Date"]))
    event_id = str(message["Message-ID"]).strip("<>").partition("@")[0]
    return f"{moment:{STAMP}}-{event_id}.eml"
