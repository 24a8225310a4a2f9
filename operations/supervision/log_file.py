"""The log files that supervisord writes. A line that can't be written is dropped and counted, and nothing fails."""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from io import FileIO
from typing import Any, ClassVar

from supervisor.loggers import Handler


class LogFile(Handler):
    """In the place of supervisord's own handlers, which end it when a disk is full.

    The arguments are theirs. When lines can be written again, the first says how many are missing.
    """

    all_dropped: ClassVar[int] = 0    # lines, of all files of this process

    def __init__(self, filename: str, mode: str = "ab", maxBytes: int = 0, backupCount: int = 0) -> None:  # noqa: N803
        super().__init__()
        self.baseFilename = filename
        self.stream: FileIO | None = None
        self._most, self._backups = maxBytes, backupCount
        self._dropped = 0

    def emit(self, record: Any) -> None:
        """Write a record, or count its lines."""
        raw = isinstance(record.msg, bytes) and self.fmt == "%(message)s"    # what a program has written
        line = record.msg if raw else (self.fmt % record.asdict()).encode(errors="replace")
        try:
            self._write(_gap(self._dropped) + line if self._dropped else line)
            self._dropped = 0
        except OSError:
            count = max(1, line.count(b"\n"))
            self._dropped += count
            LogFile.all_dropped += count
        with suppress(OSError):
            self._rotate()

    def _write(self, line: bytes) -> None:
        """Write all of it, or raise OSError and leave nothing."""
        if self.stream is None:
            self.stream = FileIO(self.baseFilename, "a")
        before = self.stream.seek(0, os.SEEK_END)
        if self.stream.write(line) != len(line):
            self.stream.truncate(before)
            raise OSError("The disk is full.")

    def _rotate(self) -> None:
        if self._most and self.stream is not None and self.stream.tell() >= self._most:
            self.close()
            for number in range(self._backups, 0, -1):
                source = f"{self.baseFilename}.{number - 1}" if number > 1 else self.baseFilename
                if os.path.exists(source):
                    os.replace(source, f"{self.baseFilename}.{number}")

    def close(self) -> None:
        """Close the file; the next line opens it anew."""
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError):
                stream.close()

    def reopen(self) -> None:
        """Go on in a new file, when another program has moved this one away."""
        self.close()

    def remove(self) -> None:
        """Delete the file; the next line makes a new one."""
        self.close()
        with suppress(OSError):
            os.remove(self.baseFilename)


def _gap(lines: int) -> bytes:
    """A line that stands for those that are missing. The last one before it may have lost its end."""
    said = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": "WARNING",
            "message": "log lines were dropped, because the disk was full", "lines": lines}
    return b"\n" + json.dumps(said).encode() + b"\n"
