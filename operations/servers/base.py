"""What the three servers have in common."""

import os
import shutil
import socket
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from operations.operator_error import Trouble
from operations.supervision.programs import Program
from services.foundation.settings import is_loopback

# Debian keeps daemons where a PATH may not look, and wraps rabbitmq-server to run as another user.
SEARCH_PATH = os.pathsep.join(["/usr/lib/rabbitmq/bin", os.environ.get("PATH", ""), "/usr/sbin"])
PATIENCE_SECONDS = 5


class Answer(Enum):
    READY = "ready"
    SILENT = "nobody listens"
    STRANGE = "something listens, but does not (yet) speak the protocol"


@dataclass(frozen=True)
class Server(ABC):
    """A server at the address of its URIs; `folder` is for a private instance's settings and data."""

    uris: list[str]
    folder: Path

    name: ClassVar[str]
    title: ClassVar[str]
    setting: ClassVar[str]
    default_port: ClassVar[int]
    executable: ClassVar[str]

    @abstractmethod
    def ask(self) -> None:
        """Open and close one session; raise Refused, or whatever else the driver raises."""

    @abstractmethod
    def prepare(self) -> Program:
        """Write the private instance's settings and return the program to run."""

    @property
    def host(self) -> str:
        return urlsplit(self.uris[0]).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        return urlsplit(self.uris[0]).port or self.default_port

    @property
    def user(self) -> str:
        return unquote(urlsplit(self.uris[0]).username or "")

    @property
    def password(self) -> str:
        return unquote(urlsplit(self.uris[0]).password or "")

    @property
    def bind(self) -> str:
        return "127.0.0.1" if self.host == "localhost" else self.host

    @property
    def where(self) -> str:
        return f"{self.host}:{self.port}"

    def answer(self) -> Answer:
        try:
            self.ask()
        except Refused as refused:
            raise Trouble(f"{self.title} at {self.where} refuses the account in {self.setting}: {refused}") from None
        except Exception:
            return Answer.STRANGE if self.is_taken() else Answer.SILENT
        return Answer.READY

    def is_taken(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=2).close()
        except OSError:
            return False
        return True

    def must_be_started(self) -> bool:
        """Whether nobody answers at a loopback address, so that a private instance belongs there."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := self.answer()) is Answer.STRANGE and time.monotonic() < deadline:
            time.sleep(0.2)
        if answer is Answer.STRANGE:
            raise Trouble(f"{self.where} is taken by something other than {self.title} ({self.setting} in config.yml).")
        if answer is Answer.SILENT and not is_loopback(self.host):
            raise Trouble(f"{self.title} does not answer at {self.where} ({self.setting} in config.yml).")
        return answer is Answer.SILENT

    def program(self, *arguments: str, **environment: str) -> Program:
        return Program(self.name, [self.find(self.executable), *arguments], self.folder, environment)

    def find(self, executable: str) -> str:
        found = shutil.which(executable, path=SEARCH_PATH)
        if found is None:
            raise Trouble(f"{self.title} does not answer at {self.where}, and without {executable} none can be started "
                          "here: see ./build.sh, or use docker compose.")
        return found


class Refused(Exception):
    """The server is there, and does not let us in."""


def write_private(path: Path, text: str) -> Path:
    """Write a file that may hold a password, for nobody else's eyes."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return path
