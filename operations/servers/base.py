"""What the three servers have in common: an address, a state, and a program to run when nothing is there."""

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

from operations.operator_error import OperatorError
from operations.supervision.programs import Program
from services.foundation.settings import hosts, is_loopback

# Debian keeps daemons where a PATH may not look, and wraps rabbitmq-server to run as another user.
SEARCH_PATH = os.pathsep.join(["/usr/lib/rabbitmq/bin", os.environ.get("PATH", ""), "/usr/sbin"])
BOOT_SECONDS = 5


class ServerState(Enum):
    """What is found at the address of a server."""

    READY = "ready"
    SILENT = "nothing listens"
    OTHER = "something listens that does not (yet) speak the protocol"


@dataclass(frozen=True)
class Server(ABC):
    """The server at the address of `uris`; `folder` holds the settings and data of a private instance."""

    uris: list[str]
    folder: Path

    name: ClassVar[str]
    title: ClassVar[str]
    setting: ClassVar[str]
    default_port: ClassVar[int]
    executable: ClassVar[str]

    @abstractmethod
    def open_session(self) -> None:
        """Open and close one session. Raises AccountRefused, or what the driver raises."""

    @abstractmethod
    def prepare(self) -> Program:
        """Write the private instance's settings and return the program to run."""

    @property
    def nodes(self) -> list[tuple[str, int]]:
        """Host and port of each server of a cluster; of the only one, if it is none."""
        return [(host or "127.0.0.1", port or self.default_port) for uri in self.uris for host, port in hosts(uri)]

    @property
    def is_cluster(self) -> bool:
        return len(set(self.nodes)) > 1

    @property
    def host(self) -> str:
        return self.nodes[0][0]

    @property
    def port(self) -> int:
        return self.nodes[0][1]

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
        return ", ".join(f"{host}:{port}" for host, port in dict.fromkeys(self.nodes))

    def state(self) -> ServerState:
        """Ask the server. Raises OperatorError when it refuses our account."""
        try:
            self.open_session()
        except AccountRefused as refused:
            reason = f"{self.title} at {self.where} refuses the account in {self.setting}: {refused}"
            raise OperatorError(reason) from None
        except Exception:
            return ServerState.OTHER if self.is_taken() else ServerState.SILENT
        return ServerState.READY

    def is_taken(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=2).close()
        except OSError:
            return False
        return True

    def must_be_started(self) -> bool:
        """Whether nothing listens at a loopback address, so that a private instance has to be started there.

        Raises OperatorError when another program listens there, or a remote server or a cluster does not answer.
        """
        deadline = time.monotonic() + BOOT_SECONDS
        while (state := self.state()) is ServerState.OTHER and time.monotonic() < deadline:
            time.sleep(0.2)
        if state is ServerState.OTHER:
            raise OperatorError(
                f"Something other than {self.title} listens at {self.where} ({self.setting} in config.yml).")
        if state is ServerState.SILENT and (self.is_cluster or not is_loopback(self.host)):
            raise OperatorError(f"{self.title} does not answer at {self.where} ({self.setting} in config.yml).")
        return state is ServerState.SILENT

    def program(self, *arguments: str, **environment: str) -> Program:
        return Program(self.name, [self.find(self.executable), *arguments], self.folder, environment)

    def find(self, executable: str) -> str:
        found = shutil.which(executable, path=SEARCH_PATH)
        if found is None:
            raise OperatorError(f"{self.title} does not answer at {self.where}, and {executable} is not installed to "
                                "start one here: see ./build.sh, or use docker compose.")
        return found


class AccountRefused(Exception):
    """The server answers, and refuses our account."""


def write_private(path: Path, text: str) -> Path:
    """Write a file that may hold a password: only its owner can read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return path
