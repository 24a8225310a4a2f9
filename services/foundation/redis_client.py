"""Redis for a room: short timeouts, one retry on a broken connection, and a span of each command that is traced."""

from typing import Any

import nameko_redis
from opentelemetry.trace import SpanKind
from redis import StrictRedis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from services.foundation import metrics
from services.foundation.tracing import spans
from services.foundation.tracing.trace_context import is_sampled

__all__ = ["Redis", "RedisError", "OPTIONS"]

# By default redis-py retries for about a minute; a buyer must get an answer within two seconds.
OPTIONS: dict[str, Any] = {
    "socket_timeout": 1.0,
    "socket_connect_timeout": 1.0,
    "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    "max_connections": 200,
    "health_check_interval": 0,
}


class Redis(nameko_redis.Redis):
    """Injects a redis-py client with these OPTIONS; `key` names the address in `REDIS_URIS` of config.yml."""

    def __init__(self, key: str = "marquee") -> None:
        super().__init__(key, **OPTIONS)

    def start(self) -> None:
        """Make the client; no connection is opened yet."""
        self.client = TracedClient.from_url(self.redis_uri, **self.options)
        count = self.client.connection_pool.get_connection_count   # the idle ones, then those in use
        metrics.watch_pool(self.container.service_name, "redis", lambda: count()[1][0], lambda: count()[0][0])


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
