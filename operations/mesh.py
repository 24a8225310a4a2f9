"""The mesh on this machine: its settings, folders, servers and rooms."""

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from operations import settings as operations_settings
from operations.accounts import broker_rights, passwords
from operations.accounts.contracts import contract_of
from operations.servers.base import RoomAccount, Server
from operations.servers.mariadb import MariaDB
from operations.servers.rabbitmq import RabbitMQ
from operations.servers.redis import Redis
from operations.supervision.programs import PYTHON, Program
from services.foundation import settings
from services.foundation.metrics.endpoint import folder_of
from services.foundation.metrics.settings import metrics_settings
from services.foundation.readiness.storage import reserve_bytes

ROOT = settings.ROOT
CONFIG = os.environ.get("MARQUEE_CONFIG") or "config.yml"    # relative to the tree


@dataclass(frozen=True)
class Mesh:
    """What config.yml and the tree at `root` say about a mesh."""

    settings: dict[str, Any]
    root: Path = ROOT

    @classmethod
    def load(cls) -> "Mesh":
        """The mesh of config.yml. Raises SettingsError."""
        return cls(settings.load(ROOT / CONFIG))

    @cached_property
    def run_folder(self) -> Path:
        return self.root / Path(str(self.settings["run_folder"])).expanduser()

    @property
    def log_folder(self) -> Path:
        return self.run_folder / "log"

    @property
    def metrics_folder(self) -> Path:
        """Where the processes have the sockets of their metrics."""
        return self.root / folder_of(self.settings)

    @property
    def reserve(self) -> int:
        """The bytes of storage below which nothing new is taken."""
        return reserve_bytes(self.settings)

    @cached_property
    def rabbitmq(self) -> RabbitMQ:
        return RabbitMQ(self.settings["AMQP_URI"].split(";"), self.run_folder / "rabbitmq", self.reserve,
                        partial(self.broker_accounts, self.run_folder))

    @cached_property
    def mariadb(self) -> MariaDB:
        return MariaDB(list(self.settings["DB_URIS"].values()), self.run_folder / "mariadb", self.reserve,
                       partial(self.database_accounts, self.run_folder))

    @cached_property
    def redis(self) -> Redis:
        return Redis(list(self.settings["REDIS_URIS"].values()), self.run_folder / "redis", self.reserve)

    @property
    def servers(self) -> list[Server]:
        return [self.rabbitmq, self.mariadb, self.redis]

    def broker_accounts(self, folder: Path) -> list[RoomAccount]:
        """The accounts of rooms at RabbitMQ whose passwords are in this folder."""
        found = passwords.read(folder, RabbitMQ.name)
        return [RoomAccount(name_of(self.rabbitmq.user, room), found[room],
                            broker_rights.of(contract_of(room, self.root)))
                for room in find_rooms(self.root) if room in found]

    def database_accounts(self, folder: Path) -> list[RoomAccount]:
        """The accounts of rooms at MariaDB whose passwords are in this folder."""
        found = passwords.read(folder, MariaDB.name)
        return [RoomAccount(name_of(self.mariadb.user, room), found[room], {"schema": schema})
                for room, schema in self.schemas_by_room.items() if room in found]

    @property
    def schemas_by_room(self) -> dict[str, str]:
        """The rooms with tables, and the schema of each."""
        return {name.partition(":")[0]: urlsplit(uri).path.strip("/") for name, uri in self.settings["DB_URIS"].items()}

    def make_accounts(self, server: Server, folder: Path) -> None:
        """Make passwords in this folder for the rooms that will have accounts at this server, if its kind has them."""
        rooms = {RabbitMQ.name: find_rooms(self.root), MariaDB.name: list(self.schemas_by_room)}.get(server.name)
        if rooms:
            passwords.make(folder, server.name, rooms)

    @property
    def rooms(self) -> list[Program]:
        """A program for each room in the tree, with the instances that the settings ask for."""
        instances = operations_settings.instances(self.settings, find_rooms(self.root))
        return [self.room(room, count) for room, count in instances.items() if count > 0]

    def room(self, name: str, instances: int) -> Program:
        nameko = str(Path(sys.executable).with_name("nameko"))
        command = [nameko, "run", "--config", CONFIG, module_of(name)]
        shared = {"MARQUEE_SHARED_PORT": "yes"} if name == "gateway" else {}   # with one that replaces it
        return Program(name, command, self.root, PYTHON | shared, instances,
                       self.secrets_of(name, self.run_folder), template=True)

    def secrets_of(self, room: str, folder: Path) -> dict[str, str]:
        """The room's own accounts whose passwords are in this folder, in the variables that config.yml reads."""
        found: dict[str, str] = {}
        if password := passwords.read(folder, RabbitMQ.name).get(room):
            found |= {"MARQUEE_AMQP_USER": name_of(self.rabbitmq.user, room), "MARQUEE_AMQP_PASSWORD": password,
                      "MARQUEE_OWN_ACCOUNT": "yes"}
        if known := passwords.read(folder, MariaDB.name):
            found |= {"MARQUEE_DB_USER": name_of(self.mariadb.user, room),
                      "MARQUEE_DB_PASSWORD": known.get(room, "has-no-account")}    # a room without tables
        return found

    @property
    def auditor(self) -> Program:
        return Program("auditor", [sys.executable, "-m", "operations", "audit"], self.root, PYTHON)

    @property
    def exporter(self) -> Program:
        return Program("metrics", [sys.executable, "-m", "operations", "metrics"], self.root, PYTHON)

    @property
    def watchdog(self) -> Program:
        return Program("watchdog", [sys.executable, "-m", "operations", "watch"], self.root, PYTHON)

    @property
    def programs(self) -> list[Program]:
        """All programs except the servers."""
        return [self.watchdog, *self.rooms, self.auditor, *([self.exporter] if self.metrics_address else [])]

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """Where the metrics of this machine are served; None if they are not."""
        wanted = metrics_settings(self.settings)
        return (wanted.address, wanted.port) if wanted.port else None

    @property
    def web_address(self) -> tuple[str, int]:
        """The host and port of the gateway, as reached from here: loopback when it listens on every address."""
        host, port = operations_settings.web_address(self.settings)
        return ("127.0.0.1" if host.strip("0.") == "" else host), port

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.web_address)

    @property
    def fingerprint(self) -> str:
        """A digest of the settings that a running mesh can't take over: all except the numbers of instances."""
        kept = {name: value for name, value in self.settings.items() if name != "instances"}
        return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()

    def make_folders(self) -> None:
        self.run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log_folder.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Allow one start or stop at a time; a second one waits until the first has ended."""
        self.make_folders()
        with open(os.open(self.run_folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                click.echo("Another start or stop is under way. Waiting until it has ended ...")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def find_rooms(root: Path) -> list[str]:
    """The gateway and every folder of services/ that has a service.py."""
    rooms = sorted(file.parent.name for file in root.glob("services/*/service.py"))
    return [*(["gateway"] if (root / "gateway" / "service.py").exists() else []), *rooms]


def name_of(ours: str, room: str) -> str:
    """The name of a room's account, after that of ours."""
    return f"{ours}-{room}"


def module_of(room: str) -> str:
    return "gateway.service" if room == "gateway" else f"services.{room}.service"
