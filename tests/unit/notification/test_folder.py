"""The folder of messages does not grow for ever."""

import datetime as dt
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

from services.foundation.database import MOST_DELETED
from services.notification.delivery.folder import FolderChannel
from services.notification.writing.email_template import write
from tests.unit.notification.samples import contact, context, message

BEFORE = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def email(event_id: str, occurred_at: dt.datetime) -> EmailMessage:
    return write(replace(message(event_id=event_id), occurred_at=occurred_at), contact(), context())


def test_old_messages_are_deleted_a_thousand_at_a_time_and_young_ones_stay(tmp_path: Path) -> None:
    folder = FolderChannel(tmp_path)
    folder.send(email("young", BEFORE + DAY))
    young = [path.name for path in tmp_path.iterdir()]
    folder.send(email("old", BEFORE - DAY))
    [old] = {path.name for path in tmp_path.iterdir()} - set(young)
    for number in range(MOST_DELETED):
        (tmp_path / f"{number:04d}{old[4:]}").touch()
    (tmp_path / f".{old}.4711").touch()          # of a process that was killed while it wrote
    (tmp_path / f".{young[0]}.4711").touch()     # just being written
    (tmp_path / "0-notes.txt").touch()           # not ours

    gone = [folder.delete_old(BEFORE) for _ in range(3)]

    assert gone == [MOST_DELETED, 2, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f".{young[0]}.4711", "0-notes.txt", *young])


def test_a_folder_that_does_not_exist_yet_has_nothing_to_delete(tmp_path: Path) -> None:
    assert FolderChannel(tmp_path / "messages").delete_old(BEFORE) == 0
