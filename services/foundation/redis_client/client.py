"""Redis for a room, one server or a cluster: short timeouts, one retry on a broken connection, and a span of each
command that is traced.
"""

from typing import Any

import nameko_redis
from limits.storage import RedisStorage
from nameko import config
from opentelemetry.trace import SpanKind
from redis import StrictRedis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from services.foundation import metrics
from services.foundation.readiness.probe import Probe
from services.foundation.redis_client.cluster import ClusterClient, is_cluster
from services.foundation.tracing import spans
from services.foundation.tracing.trace_context import is_sampled

__all__ = ["OPTIONS", "Redis", "RedisError", "connect", "limits_storage", "run_for_each"]

# By default redis-py retries for about a minute; a buyer must get an answer within two seconds.
TIMEOUTS: dict[str, Any] = {
    "socket_timeout": 1.0,
    "socket_connect_timeout": 1.0,
    "max_connections": 200,
    "health_check_interval": 0,
}
OPTIONS = TIMEOUTS | {"retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))}


def connect(uri: str, decode_responses: bool = True, **options: float) -> Any:
    """A redis-py client for an address in `REDIS_URIS`, which may name a cluster; no connection is opened yet.

    Beside the commands it has `run_ids` and `connections`. With either, the keys of one script or command must have one
    hash tag, `{so}`, and a pipeline is no transaction. `options`: other timeouts, in seconds, such as `socket_timeout`.
    """
    if is_cluster(uri):
        return ClusterClient(uri, decode_responses=decode_responses, **(TIMEOUTS | options))
    return TracedClient.from_url(uri, decode_responses=decode_responses, **(OPTIONS | options))


def run_for_each(client: Any, script: Any, keys: list[str]) -> list[Any]:
    """The answers of a registered script for each of these keys, in one round trip to each server."""
    def run() -> list[Any]:
        with client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.execute_command("EVALSHA", script.sha, 1, key)
            return list(pipeline.execute())

    try:
        return run()
    except NoScriptError:  # a server that has restarted, or a replica that has become the master
        client.script_load(script.script)
        return run()


def limits_storage(client: Any, prefix: str) -> RedisStorage:
    """The storage of the library `limits` on a client of `connect`: its own would connect to a cluster at once."""
    storage = RedisStorage("redis://", key_prefix=prefix)
    storage.storage = client
    storage.initialize_storage("")
    return storage


class Redis(nameko_redis.Redis):
    """Injects a client of `connect`; `key` names the address in `REDIS_URIS` of config.yml."""

    def __init__(self, key: str = "marquee") -> None:
        super().__init__(key)

    def setup(self) -> None:
        """Make the probe; no connection is opened yet."""
        self.redis_uri = config["REDIS_URIS"][self.key]
        self.probe = Probe("redis", connect(self.redis_uri).ping)

    def start(self) -> None:
        """Make the client, and probe Redis from now on."""
        self.client = client = connect(self.redis_uri)
        metrics.watch_pool(self.container.service_name, "redis",
                           lambda: client.connections()[1], lambda: client.connections()[0])
        self.probe.start(self.container)


class TracedClient(StrictRedis):
    """redis-py's client. The span of a command has its name, and neither keys nor values."""

    def execute_command(self, *command: Any, **options: Any) -> Any:
        """Send one command and return Redis' answer."""
        if not is_sampled():
            return super().execute_command(*command, **options)  # type: ignore[no-untyped-call]
        with spans.span(str(command[0]), SpanKind.CLIENT, _attributes(self, str(command[0]))):
            return super().execute_command(*command, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """Commands that are sent together."""
        return TracedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)

    def run_ids(self) -> str:
        """The id of this run of the server: another one may have lost what was written, or have an older state."""
        return str(self.info("server")["run_id"])

    def connections(self) -> tuple[int, int]:
        """How many connections are idle, and how many in use."""
        idle, in_use = self.connection_pool.get_connection_count()
        return idle[0], in_use[0]


class TracedPipeline(Pipeline):
    """redis-py's pipeline; it has one span, however many commands it sends."""

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send the commands and return Redis' answers."""
        with spans.span("PIPELINE", SpanKind.CLIENT, _attributes(self, "PIPELINE")):
            return list(super().execute(raise_on_error))


def _attributes(client: StrictRedis, operation: str) -> dict[str, Any]:
    address = client.connection_pool.connection_kwargs
    return {"db.system.name": "redis", "db.operation.name": operation, "db.query.summary": operation,
            "db.namespace": str(address.get("db", 0)), "server.address": address.get("host", ""),
            "server.port": address.get("port", 6379)}
