"""A Redis Cluster of real servers on loopback: three masters, and replicas that take over from them."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from testbed.ports import free_ports
from testbed.waiting import wait_until

PASSWORD = "local-only"
MASTERS, SLOTS = 3, 16384
NODE_TIMEOUT_MS = 1000    # after which a silent master is replaced
SETTINGS = """\
bind 127.0.0.1
port {port}
cluster-enabled yes
cluster-config-file nodes.conf
cluster-node-timeout {timeout}
# By default a node's bus has a port that is 10,000 higher, which may be another mesh's.
cluster-port {bus}
# A replica takes over whatever its last contact was, and the slots that have a master are served without the others.
cluster-replica-validity-factor 0
cluster-require-full-coverage no
requirepass {password}
masterauth {password}
appendonly yes
save ""
dir {folder}
"""


@dataclass
class Node:
    """A server of the cluster."""

    folder: Path
    port: int
    bus: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "redis.conf"
        settings.write_text(SETTINGS.format(port=self.port, bus=self.bus, timeout=NODE_TIMEOUT_MS, password=PASSWORD,
                                            folder=self.folder))
        server = shutil.which("redis-server") or "redis-server"
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen([server, str(settings)], stdout=log, stderr=log)

    def send(self, how: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, how)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        if self.process:
            self.process.wait(10)

    @property
    def client(self) -> Redis:
        return Redis(port=self.port, password=PASSWORD, decode_responses=True, socket_timeout=2)

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False

    def info(self, section: str) -> dict[str, Any]:
        try:
            return dict(self.client.info(section))
        except RedisError:
            return {}


@dataclass
class RedisCluster:
    """The cluster: `nodes` has the first masters, then their replicas."""

    nodes: list[Node] = field(default_factory=list)

    @property
    def uri(self) -> str:
        places = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"redis+cluster://:{PASSWORD}@{places}/0"

    def is_whole(self) -> bool:
        """Whether all slots have a master, and every node that runs says so."""
        running = [node for node in self.nodes if node.process and node.process.poll() is None]
        return all(self._state(node) == ("ok", str(SLOTS)) for node in running)

    @staticmethod
    def _state(node: Node) -> tuple[str, str]:
        try:
            state = node.client.execute_command("CLUSTER INFO")  # type: ignore[no-untyped-call]
        except RedisError:
            return "", ""
        return str(state["cluster_state"]), str(state["cluster_slots_ok"])

    def masters(self) -> list[Node]:
        """The nodes that are masters now."""
        return [node for node in self.nodes if node.info("replication").get("role") == "master"]

    def replicas_linked(self) -> bool:
        """Whether every replica has the state of its master."""
        replicas = [state for node in self.nodes if (state := node.info("replication")).get("role") == "slave"]
        return all(state["master_link_status"] == "up" for state in replicas)

    def master_with_replica(self) -> Node:
        """A master that another node can take over from."""
        return next(node for node in self.masters() if node.info("replication").get("connected_slaves"))

    def form(self, replicas: int) -> None:
        """Make a cluster of the nodes, of which the last `replicas` follow the first masters."""
        clients = [node.client for node in self.nodes]
        command = [client.execute_command for client in clients]
        for number in range(MASTERS):
            first, last = number * SLOTS // MASTERS, (number + 1) * SLOTS // MASTERS - 1
            command[number]("CLUSTER ADDSLOTSRANGE", first, last)
            command[number]("CLUSTER SET-CONFIG-EPOCH", number + 1)    # refused once a node has met another
        for node in self.nodes[1:]:
            command[0]("CLUSTER MEET", "127.0.0.1", node.port, node.bus)
        ids = [run("CLUSTER MYID") for run in command]
        for number in range(replicas):
            wait_until(lambda run=command[MASTERS + number], wanted=ids[number]: wanted in str(run("CLUSTER NODES")),
                       20, "the nodes to meet")
            command[MASTERS + number]("CLUSTER REPLICATE", ids[number])
        wait_until(self.is_whole, 30, "the cluster")
        wait_until(self.replicas_linked, 30, "the replicas")


@contextmanager
def redis_cluster(folder: Path, replicas: int = MASTERS) -> Iterator[RedisCluster]:
    """A cluster of MASTERS masters, as many of which as `replicas` says have a replica."""
    ports = free_ports(2 * (MASTERS + replicas))
    nodes = [Node(folder / str(port), port, bus) for port, bus in zip(ports[::2], ports[1::2], strict=True)]
    cluster = RedisCluster(nodes)
    try:
        for node in nodes:
            node.start()
        wait_until(lambda: all(node.answers() for node in nodes), 20, "the nodes")
        cluster.form(replicas)
        yield cluster
    finally:
        for node in nodes:
            node.kill()
