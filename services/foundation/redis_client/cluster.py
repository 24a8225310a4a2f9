"""A Redis Cluster. An address such as `redis+cluster://:secret@one:6379,two:6379,three:6379/0` names some of its nodes;
the others are found by asking these.

A node's master may fail over to its replica, which can lack the last writes that were acknowledged. Calls that need the
master are refused meanwhile; `run_ids` changes, by which its users see that something may be lost.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from opentelemetry.trace import SpanKind
from redis._parsers.encoders import Encoder
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, NodesManager, RedisCluster
from redis.commands import RedisClusterCommands
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from services.foundation.redis_client.cluster_commands import (
    Cluster,
    ScriptPolicies,
    TracedClusterPipeline,
    redis_errors,
)
from services.foundation.settings import hosts
from services.foundation.tracing import spans
from services.foundation.tracing.trace_context import is_sampled

SCHEMES = ("redis+cluster", "rediss+cluster")    # the second is by TLS
DEFAULT_PORT = 6379
REST_SECONDS = 0.5    # after a failure to find the cluster, calls fail at once for so long


def is_cluster(uri: str) -> bool:
    """Whether the address names a cluster."""
    return urlsplit(uri).scheme in SCHEMES


class ClusterClient(RedisClusterCommands):
    """The commands of redis-py's RedisCluster, which connects when it is made: this one makes it when it is needed.

    It raises RedisError for whatever is wrong with the cluster, as a plain client does for its server.
    """

    # What redis-py's commands expect of a client besides.
    _event_dispatcher: Any = None
    read_from_replicas = False

    def __init__(self, uri: str, **options: Any) -> None:
        """`options`: those of redis-py's connections."""
        address = urlsplit(uri)
        self._places = [(host, port or DEFAULT_PORT) for host, port in hosts(uri)]
        self._options = options | {"username": unquote(address.username or "") or None,
                                   "password": unquote(address.password or "") or None,
                                   "ssl": address.scheme.startswith("rediss")}
        self._attributes: dict[str, Any] = {"db.system.name": "redis", "server.address": self._places[0][0],
                            "server.port": self._places[0][1]}
        self._cluster: Cluster | None = None
        self._connecting, self._rests_until = Lock(), 0.0

    def execute_command(self, *command: Any, **options: Any) -> Any:
        """Send one command to the nodes that it is for, and return their answer."""
        with self._span(str(command[0])), redis_errors():
            return self._connected().execute_command(*command, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = False, shard_hint: Any = None) -> "TracedClusterPipeline":
        """Commands that are sent together to each node. There are no transactions."""
        with redis_errors():
            return TracedClusterPipeline(self._connected(), self._span)

    def ping(self, **options: Any) -> Any:
        """Ask every master, so that the answer means that all seats can be held."""
        return self.execute_command("PING", target_nodes=RedisCluster.PRIMARIES)

    def dbsize(self, **options: Any) -> int:    # type: ignore[override]
        """The number of keys of all masters."""
        return int(self.execute_command("DBSIZE", target_nodes=RedisCluster.PRIMARIES))

    def run_ids(self) -> str:
        """The ids of the masters' runs. They change with each failover, and with each restart of a master."""
        found = self.execute_command("INFO", "server", target_nodes=RedisCluster.PRIMARIES)
        answers = [found] if "run_id" in found else found.values()    # a single master answers for itself
        return " ".join(sorted(str(each["run_id"]) for each in answers))

    def connections(self) -> tuple[int, int]:
        """How many connections are idle, and how many in use."""
        nodes = self._cluster.nodes_manager.nodes_cache.values() if self._cluster else ()
        counts = [node.redis_connection.connection_pool.get_connection_count()
                  for node in nodes if node.redis_connection]
        return sum(idle[0] for idle, _ in counts), sum(in_use[0] for _, in_use in counts)

    def get_encoder(self) -> Encoder:
        """How texts become bytes, for scripts and locks."""
        decoding = bool(self._options.get("decode_responses"))
        return Encoder("utf-8", "strict", decoding)  # type: ignore[no-untyped-call]

    @property
    def encoder(self) -> Encoder:    # type: ignore[override]
        """As `get_encoder`, for redis-py's commands of several keys."""
        return self.get_encoder()

    @property
    def nodes_manager(self) -> NodesManager:
        """Where each slot is, for redis-py's commands of several keys."""
        return self._connected().nodes_manager

    def close(self) -> None:
        """Close all connections."""
        if self._cluster:
            self._cluster.close()

    def __enter__(self) -> "ClusterClient":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _connected(self) -> "Cluster":
        if self._cluster is None:
            with self._connecting:
                if time.monotonic() < self._rests_until:
                    raise RedisConnectionError("the cluster could not be found")
                try:
                    self._cluster = self._cluster or self._connect()
                except BaseException:
                    self._rests_until = time.monotonic() + REST_SECONDS
                    raise
        return self._cluster

    def _connect(self) -> "Cluster":
        nodes = [ClusterNode(*place) for place in self._places]  # type: ignore[no-untyped-call]
        return Cluster(startup_nodes=nodes, dynamic_startup_nodes=False, require_full_coverage=False,
                       retry=Retry(NoBackoff(), 1), policy_resolver=ScriptPolicies(), **self._options)

    @contextmanager
    def _span(self, operation: str) -> Iterator[None]:
        if not is_sampled():
            yield
            return
        attributes = {"db.operation.name": operation, "db.query.summary": operation}
        with spans.span(operation, SpanKind.CLIENT, self._attributes | attributes):
            yield
