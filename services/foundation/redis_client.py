"""Redis for a room: short timeouts, one retry on a broken connection."""

from typing import Any

import nameko_redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

__all__ = ["Redis", "RedisError", "OPTIONS"]

# redis-py's own defaults retry ten times over a minute; a buyer is told within two seconds.
OPTIONS: dict[str, Any] = {
    "socket_timeout": 1.0,
    "socket_connect_timeout": 1.0,
    "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    "max_connections": 200,
    "health_check_interval": 0,
}


class Redis(nameko_redis.Redis):
    """nameko-redis' provider with our defaults."""

    def __init__(self, key: str = "marquee") -> None:
        super().__init__(key, **OPTIONS)
