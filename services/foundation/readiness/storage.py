"""The free storage beside this process, and the reserve of it that is kept for what has been begun."""

import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from marshmallow import Schema
from marshmallow.validate import Range
from nameko import config

from schemas.base import Method
from schemas.errors import StorageFull
from schemas.fields import Whole
from services.foundation.settings import ROOT, read_section

MEASURED_SECONDS = 1.0    # between two looks: a purchase must not wait for each
RETRY_SECONDS = 30
MEGABYTE = 1024 * 1024


class StorageSection(Schema):
    """What may stand under `storage` in config.yml."""

    reserve_mb = Whole(load_default=256, validate=Range(min=0))


def reserve_bytes(settings: Any) -> int:
    """The reserve that these settings ask for. Raises SettingsError."""
    return int(read_section(settings, "storage", StorageSection())["reserve_mb"]) * MEGABYTE


def free_bytes(folder: Path) -> int:
    """What a process without privileges may still write in this folder, or where it would be made."""
    while not folder.exists():
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Storage:
    """The storage of a folder, of which `reserve` bytes are kept."""

    def __init__(self, folder: Path, reserve: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder, self.reserve = folder, reserve
        self._clock = clock
        self._is_low, self._until = False, -1.0

    def is_low(self) -> bool:
        """Whether the reserve has been reached, as of the last second."""
        if self._clock() >= self._until:
            self._is_low = free_bytes(self.folder) < self.reserve
            self._until = self._clock() + MEASURED_SECONDS
        return self._is_low

    def check(self, method: Method) -> None:
        """Raise StorageFull for a method that needs storage, while the reserve is reached."""
        if method.needs_storage and self.is_low():
            raise StorageFull(retry_after=RETRY_SECONDS)


@cache
def storage() -> Storage:
    """That of the run folder, where the servers beside this process have their data."""
    return Storage(ROOT / Path(str(config.get("run_folder") or ".run")).expanduser(), reserve_bytes(config))
