"""Following the logs of all programs as one."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from operations.operator_error import OperatorError
from operations.processes.log_format import clock_of, format_line

POLL_SECONDS = 0.1


class Tail:
    """Reads the lines that are added to a log file, across its rotations."""

    def __init__(self, path: Path, from_end: bool) -> None:
        self.path = path
        self.file = path.open("rb")
        self.rest = b""
        if from_end:
            self.file.seek(0, os.SEEK_END)

    def lines(self) -> Iterator[str]:
        yield from self.read()
        if self.is_rotated():
            self.file.close()
            self.file = self.path.open("rb")
            yield from self.read()

    def read(self) -> Iterator[str]:
        *lines, self.rest = (self.rest + self.file.read()).split(b"\n")
        for line in lines:
            if text := line.decode(errors="replace").rstrip():
                yield text

    def is_rotated(self) -> bool:
        try:
            return not os.path.samestat(os.fstat(self.file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False  # between the renaming of the old file and the creation of the new one


def chooser(programs: Sequence[str], known: set[str]) -> Callable[[str], bool]:
    """Whether the log of a program is wanted: all logs, or those of these `programs`, order being order-2 of it, too.

    Raises OperatorError naming the first that no `known` program answers to.
    """
    def answers(log: str, name: str) -> bool:
        return name in (log, log.rpartition("-")[0])

    for name in programs:
        if not any(answers(log, name) for log in known):
            raise OperatorError(f"There is no program {name}. The programs: {', '.join(sorted(known))}.")
    return lambda log: not programs or any(answers(log, name) for name in programs)


class LogFollower:
    """Follows the logs of the wanted programs from now on; a log file that appears later is read from its beginning."""

    def __init__(self, folder: Path, wanted: Callable[[str], bool]) -> None:
        self.folder = folder
        self.wanted = wanted
        self.tails: dict[Path, Tail] = {}
        self.open_new_files(from_end=True)

    def open_new_files(self, from_end: bool) -> None:
        for path in sorted(self.folder.glob("*.log")):
            if path not in self.tails and self.wanted(path.stem):
                self.tails[path] = Tail(path, from_end)

    def lines(self) -> list[str]:
        """The new lines of all programs, rendered, in the order of their times."""
        self.open_new_files(from_end=False)
        timed: list[tuple[str, str]] = []
        for path, tail in self.tails.items():
            clock = ""
            for line in tail.lines():
                text = format_line(line, path.stem)
                clock = clock_of(text) or clock
                timed.append((clock, text))
        return [text for _, text in sorted(timed, key=lambda entry: entry[0])]

    def follow(self, is_running: Callable[[], bool]) -> None:
        """Print new lines until `is_running`, which is called once a second, returns False."""
        checked = time.monotonic()
        while True:
            for line in self.lines():
                click.echo(line)
            if time.monotonic() - checked > 1:
                if not is_running():
                    return
                checked = time.monotonic()
            time.sleep(POLL_SECONDS)
