"""RabbitMQ: one node on loopback, with our account, without `guest`, and without an epmd."""

import base64
import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from amqp.exceptions import AccessRefused, NotAllowed
from kombu.connection import Connection

from operations.atomic_files import write_private
from operations.servers.base import SEARCH_PATH, AccountRefused, Server
from operations.supervision.programs import Program

# By number: a bare machine can't resolve even localhost.
NODE = "marquee@127.0.0.1"
SETTINGS = """\
listeners.tcp.1 = {bind}:{port}
load_definitions = definitions.json
log.file = false
log.console = true
log.console.level = warning
# With less free, RabbitMQ takes no messages. Long before, nothing new is taken here (`storage` in config.yml).
disk_free_limit.absolute = {disk_free_limit}
"""
LEAST_FREE = 1_000_000    # bytes
# Paths are relative to the folder of the node: the start script fails on paths with spaces.
ENVIRONMENT = {
    "RABBITMQ_NODENAME": NODE,
    "RABBITMQ_USE_LONGNAME": "true",
    "RABBITMQ_CONF_ENV_FILE": os.devnull,
    "RABBITMQ_CONFIG_FILE": "rabbitmq.conf",
    "RABBITMQ_ENABLED_PLUGINS_FILE": "enabled_plugins",
    "RABBITMQ_MNESIA_BASE": "mnesia",
    "RABBITMQ_LOG_BASE": "log",
    "RABBITMQ_LOG": "-color",
    # A dump of a node that a full disk has ended would fill the space that is freed.
    "ERL_CRASH_DUMP_BYTES": "0",
    # Lets the script become the server instead of its parent, so there is one process to signal.
    "RABBITMQ_ALLOW_INPUT": "1",
    # Every minute RabbitMQ runs an `erl` that starts an epmd. These flags keep it from that, and port 0, at which
    # nothing listens, keeps it from asking the epmd of another RabbitMQ.
    "ERL_ZFLAGS": "-start_epmd false -dist_listen false",
    "ERL_EPMD_PORT": "0",
}


# What RabbitMQ itself is made of, among its plugins.
OWN_PARTS = ("rabbit-*", "rabbit_common-*", "rabbitmq_prelaunch-*")
PLUGINS, ERLANG_ARGUMENTS = "RABBITMQ_PLUGINS_DIR", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"


class RabbitMQ(Server):
    name = "rabbitmq"
    title = "RabbitMQ"
    setting = "AMQP_URI"
    default_port = 5672
    executable = "rabbitmq-server"

    @property
    def vhost(self) -> str:
        return unquote(urlsplit(self.uris[0]).path[1:]) or "/"

    @property
    def distribution_port(self) -> int:
        """The port for rabbitmqctl: below the kernel's ephemeral ports, and scattered by two primes, so several meshes
        on one machine use different ones."""
        return 10_000 + self.port * 7919 % 19_997

    def open_session(self) -> None:
        for number, uri in enumerate(self.uris, 1):    # of a cluster, any node will do
            connection = Connection(uri, connect_timeout=2)
            try:
                connection.transport.establish_connection().close()
                return
            except (AccessRefused, NotAllowed) as refusal:
                raise AccountRefused(refusal.reply_text) from None
            except connection.connection_errors:
                if number == len(self.uris):
                    raise

    def prepare(self) -> Program:
        write_private(self.folder / "rabbitmq.conf", SETTINGS.format(
            bind=self.bind, port=self.port, disk_free_limit=max(self.reserve // 4, LEAST_FREE)))
        self.write_definitions()
        write_private(self.folder / "enabled_plugins", "[].\n")
        return self.program(*self.flags(), **self.environment(), **self.quick_boot())

    def quick_boot(self) -> dict[str, str]:
        """Where RabbitMQ is laid out as usual: show it no plugin, and where Erlang's own modules are.

        Otherwise it reads the modules of every plugin, and searches some sixty plugin folders for each Erlang module
        before it finds it: about a third of the processor time of its start. What an operator has set stays. After an
        upgrade of either package the paths lead nowhere until the next `start`; RabbitMQ boots all the same.
        """
        if {PLUGINS, ERLANG_ARGUMENTS} & os.environ.keys():
            return {}
        installed = Path(self.find(self.executable)).resolve().parent.parent / "plugins"
        erl = shutil.which("erl", path=SEARCH_PATH)
        own = [path for part in OWN_PARTS for path in installed.glob(part)]
        modules = " ".join(map(str, newest_modules(Path(erl).resolve().parent.parent / "lib"))) if erl else ""
        if not modules or len(own) != len(OWN_PARTS) or not all(path.is_dir() for path in own):
            return {}
        link_only(self.folder / "plugins", own)
        return {PLUGINS: "plugins", ERLANG_ARGUMENTS: f"-pa {modules}"}

    @property
    def definitions_file(self) -> Path:
        return self.folder.resolve() / "definitions.json"

    def write_definitions(self) -> None:
        write_private(self.definitions_file, json.dumps(self.definitions(), indent=2))

    def definitions(self) -> dict[str, object]:
        """The accounts and our virtual host, imported at every boot. As there are some, RabbitMQ creates no `guest`."""
        rooms = self.room_accounts()
        of = [({"user": each.name, "vhost": self.vhost}, each.rights) for each in rooms]
        passwords = {self.user: self.password, **{each.name: each.password for each in rooms}}
        return {
            "vhosts": [{"name": self.vhost}],
            "users": [{"name": name, "password_hash": password_hash(password),
                       "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""}
                      for name, password in passwords.items()],
            "permissions": [{"user": self.user, "vhost": self.vhost, "configure": ".*", "write": ".*", "read": ".*"},
                            *({**whose, **rights["permissions"]} for whose, rights in of)],
            "topic_permissions": [{**whose, **keys} for whose, rights in of for keys in rights["topics"]],
        }

    def flags(self) -> list[str]:
        """The arguments of a node that is distributed from the start, on a fixed port."""
        interface = "{" + self.bind.replace(".", ",") + "}"
        return ["-noinput", "-name", NODE, "-dist_listen", "true", "-erl_epmd_port", str(self.distribution_port),
                "-kernel", "inet_dist_use_interface", interface]

    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.folder.resolve()), **ENVIRONMENT}

    def control(self, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
        """The command and the environment of rabbitmqctl for the private instance and our virtual host."""
        flags = f"-start_epmd false -erl_epmd_port {self.distribution_port} -dist_listen false"
        environment = {"HOME": str(self.folder.resolve()), "RABBITMQ_CONF_ENV_FILE": os.devnull,
                       "RABBITMQ_CTL_ERL_ARGS": flags}
        return [self.find("rabbitmqctl"), "--longnames", "--node", NODE, "--vhost", self.vhost, *arguments], environment


def newest_modules(library: Path) -> list[Path]:
    """The folders of the modules below Erlang's `lib`, of each application the newest, which Erlang would take, too.

    None if their paths have spaces, which the start script can't pass on.
    """
    def version(folder: Path) -> list[int]:
        return list(map(int, re.findall(r"\d+", folder.parent.name.partition("-")[2])))

    folders = sorted(library.glob("*/ebin"), key=version)
    return [] if " " in str(library) else list({each.parent.name.partition("-")[0]: each for each in folders}.values())


def link_only(folder: Path, paths: Sequence[Path]) -> None:
    """Let a folder, which a running server may be reading, hold links to these paths and nothing else."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.resolve() not in paths:
            old.unlink()
    for path in paths:
        if not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)


def password_hash(password: str, salt: bytes | None = None) -> str:
    """The hash that RabbitMQ stores: base64 of a 32-bit salt and the SHA-256 of salt and password."""
    salt = salt or os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
