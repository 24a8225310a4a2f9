"""Redis for a room: short timeouts, and one retry on a broken connection."""

from typing import Any

import nameko_redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

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
