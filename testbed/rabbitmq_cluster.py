"""A RabbitMQ cluster of real nodes on loopback, with a cookie, an epmd and ports of its own."""

import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kombu import Connection

from operations.servers.base import SEARCH_PATH
from operations.servers.rabbitmq import RabbitMQ
from testbed.ports import free_ports
from testbed.waiting import wait_until

NODES = 3
ACCOUNT, VHOST = "marquee:local-only", "marquee"
SETTINGS = """\
listeners.tcp.1 = 127.0.0.1:{port}
load_definitions = {definitions}
log.file = false
log.console = true
log.console.level = warning
# A node that sees less than half of the others serves nobody, so that no two halves go on separately.
cluster_partition_handling = pause_minority
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.randomized_startup_delay_range.min = 0
cluster_formation.randomized_startup_delay_range.max = 1
"""


@dataclass
class Node:
    """A node of the cluster, with a folder, and a process while it runs."""

    name: str
    folder: Path
    port: int
    dist_port: int
    epmd_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"amqp://{ACCOUNT}@127.0.0.1:{self.port}/{VHOST}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ, "PATH": SEARCH_PATH, "HOME": str(self.folder.parent), "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_USE_LONGNAME": "true", "RABBITMQ_CONF_ENV_FILE": os.devnull, "RABBITMQ_LOG": "-color",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"), "RABBITMQ_MNESIA_BASE": str(self.folder),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"), "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_LOG_BASE": str(self.folder / "log"), "RABBITMQ_DIST_PORT": str(self.dist_port),
            "ERL_EPMD_PORT": str(self.epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_START_ARGS": "-start_epmd false", "RABBITMQ_CTL_ERL_ARGS": "-start_epmd false",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} net_ticktime 5",
        }

    def start(self) -> None:
        server = shutil.which("rabbitmq-server", path=SEARCH_PATH) or "rabbitmq-server"
        with (self.folder / "rabbitmq.log").open("ab") as log:
            # In a session of its own: the start script may leave the server as its child.
            self.process = subprocess.Popen([server, "-noinput"], cwd=self.folder, env=self.environment, stdout=log,
                                            stderr=log, start_new_session=True)

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def answers(self) -> bool:
        connection = Connection(self.uri, connect_timeout=2)
        try:
            connection.transport.establish_connection().close()
        except Exception:
            return False
        return True


@dataclass
class RabbitMQCluster:
    """The cluster, and the processes that it consists of."""

    nodes: list[Node]

    @property
    def uri(self) -> str:
        return ";".join(node.uri for node in self.nodes)

    def control(self, *arguments: str) -> str:
        """What rabbitmqctl answers of the first node that runs."""
        node = next(node for node in self.nodes if node.process and node.process.poll() is None)
        command = [shutil.which("rabbitmqctl", path=SEARCH_PATH) or "rabbitmqctl", "--longnames", "--node", node.name]
        done = subprocess.run([*command, *arguments], env=node.environment, capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def running(self) -> list[str]:
        """The names of the nodes that the cluster knows to run."""
        return sorted(json.loads(self.control("cluster_status", "--formatter", "json"))["running_nodes"])


@contextmanager
def rabbitmq_cluster(folder: Path) -> Iterator[RabbitMQCluster]:
    """A cluster of NODES nodes with our account and virtual host."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    epmd_port, *ports = free_ports(1 + 2 * NODES)
    nodes = [Node(f"marquee{number}@127.0.0.1", folder / f"node{number}", port, dist_port, epmd_port)
             for number, (port, dist_port) in enumerate(zip(ports[::2], ports[1::2], strict=True), 1)]
    write_settings(folder, nodes)
    cluster = RabbitMQCluster(nodes)
    with epmd(epmd_port):
        try:
            nodes[0].start()    # the others join it
            wait_until(nodes[0].answers, 120, "the first node")
            for node in nodes[1:]:
                node.start()
            wait_until(lambda: all(node.answers() for node in nodes), 180, "the other nodes")
            wait_until(lambda: len(cluster.running()) == NODES, 60, "the cluster")
            yield cluster
        finally:
            for node in nodes:
                node.kill()


def write_settings(folder: Path, nodes: list[Node]) -> None:
    """The settings of each node, and the cookie by which they know each other."""
    cookie = folder / ".erlang.cookie"
    cookie.write_text(secrets.token_hex(20))
    cookie.chmod(0o400)
    for node in nodes:
        node.folder.mkdir(mode=0o700)
        definitions = node.folder / "definitions.json"
        definitions.write_text(json.dumps(RabbitMQ([node.uri], node.folder).definitions()))
        members = "".join(f"cluster_formation.classic_config.nodes.{number} = {each.name}\n"
                          for number, each in enumerate(nodes, 1))
        (node.folder / "rabbitmq.conf").write_text(
            SETTINGS.format(port=node.port, definitions=definitions) + members)
        (node.folder / "enabled_plugins").write_text("[].\n")


@contextmanager
def epmd(port: int) -> Iterator[None]:
    """The daemon by which the nodes find each other's ports."""
    path = shutil.which("epmd") or str(next(Path("/usr/lib/erlang").glob("erts-*/bin/epmd")))
    process = subprocess.Popen([path, "-port", str(port), "-address", "127.0.0.1"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(10)
