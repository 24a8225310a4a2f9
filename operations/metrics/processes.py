"""What the processes of this machine answer when they are asked for their metrics, all at the same time."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from services.foundation.metrics.endpoint import ENDING, reachable

ANSWER_SECONDS = 4.0
NAME = re.compile(r"[a-z0-9_-]{1,64}")


class SocketConnection(HTTPConnection):
    """HTTP by way of a Unix socket."""

    def __init__(self, folder: Path, name: str, seconds: float) -> None:
        super().__init__("metrics", timeout=seconds)
        self._folder, self._name = folder, name

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        with reachable(self._folder, self._name) as path:
            self.sock.connect(path)


def read_all(folder: Path, seconds: float = ANSWER_SECONDS) -> dict[str, str | None]:
    """The exposition of each process with a socket in the folder; None for one that has no answer in time.

    A process that hangs keeps its thread a little longer than this lasts, and delays nobody.
    """
    names = sorted(path.stem for path in folder.glob(f"*{ENDING}") if NAME.fullmatch(path.stem))
    with threads(len(names)) as pool:
        answers = {name: pool.submit(_read, folder, name, seconds) for name in names}
        wait(answers.values(), timeout=seconds)
        return {name: answer.result() if answer.done() else None for name, answer in answers.items()}


@contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """So many threads, for whose ends nobody waits."""
    pool = ThreadPoolExecutor(max(1, count))
    try:
        yield pool
    finally:
        pool.shutdown(wait=False)


def _read(folder: Path, name: str, seconds: float) -> str | None:
    connection = SocketConnection(folder, name, seconds)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        return answer.read().decode() if answer.status == 200 else None
    except (OSError, HTTPException, UnicodeDecodeError):
        return None
    finally:
        connection.close()
