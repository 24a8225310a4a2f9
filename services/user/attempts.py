"""How often someone may try a password: so many times in so many minutes for each account, never longer locked."""

import hashlib
import logging
import math
import time
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from nameko import config
from nameko.extensions import DependencyProvider

from schemas.errors import TooOften
from services.foundation.redis_client import OPTIONS, RedisError
from services.user.usernames import fold

log = logging.getLogger("marquee.user")


class LoginAttempts(DependencyProvider):
    """Injects itself. Counts in Redis for all processes of the room; each for itself while Redis is down."""

    def setup(self) -> None:
        settings = config["user"]
        self._limit = RateLimitItemPerMinute(settings["login_failures"], settings["login_window_minutes"])
        redis = RedisStorage(config["REDIS_URIS"]["marquee"], key_prefix="login", **OPTIONS)
        self._shared = MovingWindowRateLimiter(redis)
        self._own = MovingWindowRateLimiter(MemoryStorage())

    def get_dependency(self, worker_ctx: Any) -> "LoginAttempts":
        return self

    def count(self, username: str) -> None:
        """One more attempt, before it is known how it ends, so that many at once gain nothing.

        Raises TooOften with the seconds to wait in `retry_after`.
        """
        try:
            self._count(self._shared, _key(username))
        except RedisError as problem:
            log.warning("counting attempts without Redis", extra={"problem": type(problem).__name__})
            self._count(self._own, _key(username))

    def forget(self, username: str) -> None:
        """They have signed in: the attempts before do not count."""
        self._own.clear(self._limit, _key(username))
        try:
            self._shared.clear(self._limit, _key(username))
        except RedisError:
            log.warning("attempts not forgotten: Redis is down")

    def _count(self, limiter: MovingWindowRateLimiter, key: str) -> None:
        if not limiter.hit(self._limit, key):
            wait = limiter.get_window_stats(self._limit, key).reset_time - time.time()
            raise TooOften(retry_after=max(1, math.ceil(wait)))


def _key(username: str) -> str:
    # People type their password into the wrong field, so what they typed is not kept as it is.
    return hashlib.sha256(fold(username).encode()).hexdigest()
