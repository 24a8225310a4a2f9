"""supervisord as a mesh runs it: `python -m operations.supervision.daemon FOLDER/supervisord.conf`.

Stock supervisord ends with an OSError when it can't write its own log, and after each failed start of a program it
waits a second longer before the next. This one goes on while a disk is full, and is back soon after.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from supervisor import loggers, process, supervisord

from operations.supervision.log_file import LogFile

LONGEST_PAUSE = 5    # seconds before a program is started again


class Process(process.Subprocess):
    """A program's process; the pauses before it is started again stop growing, and the tries never end."""

    def change_state(self, new_state: int, expected: bool = True) -> Any:
        """Enter a state. Entering BACKOFF makes the pause a second longer, and begins it."""
        self.backoff: int = min(self.backoff, LONGEST_PAUSE - 1)
        return super().change_state(new_state, expected)


class LossyStream:
    """A text stream that drops what can't be written: what is said there is not worth an end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        """Write the text if that is possible."""
        with suppress(OSError):
            os.write(self._descriptor, text.encode(errors="replace"))
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


class LogLines:
    """The namespace `logs` of supervisord's XML-RPC."""

    def countDropped(self) -> int:  # noqa: N802 as the methods of supervisord
        """How many lines of all logs were dropped since supervisord began."""
        return LogFile.all_dropped


def log_lines(supervisord: Any) -> LogLines:
    """What supervisord.conf names as `rpcinterface_factory`."""
    return LogLines()


def main(configuration: Path) -> None:
    """Be supervisord with these settings, in their folder, until it is told to end."""
    os.chdir(configuration.parent)
    loggers.FileHandler = loggers.RotatingFileHandler = LogFile
    process.Subprocess = Process
    sys.stdout, sys.stderr = LossyStream(1), LossyStream(2)
    supervisord.main(["-c", configuration.name])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
