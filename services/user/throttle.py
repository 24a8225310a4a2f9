"""How often someone may try something: so many times in so long for each name, never longer locked."""

import hashlib
import logging
import math
import time
from typing import Any

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from nameko import config
from nameko.extensions import DependencyProvider

from schemas.errors import TooOften
from services.foundation.redis_client import OPTIONS, RedisError
from services.user.usernames import fold

log = logging.getLogger("marquee.user")


class Attempts(DependencyProvider):
    """Injects itself. Counts in Redis for all processes of the room; each for itself while Redis is down."""

    name: str

    def limit(self) -> RateLimitItem:
        """What config.yml allows."""
        raise NotImplementedError

    def setup(self) -> None:
        self._limit = self.limit()
        redis = RedisStorage(config["REDIS_URIS"]["marquee"], key_prefix=self.name, **OPTIONS)
        self._shared = MovingWindowRateLimiter(redis)
        self._own = MovingWindowRateLimiter(MemoryStorage())

    def get_dependency(self, worker_ctx: Any) -> "Attempts":
        return self

    def count(self, whose: str) -> None:
        """One more attempt, before it is known how it ends, so that many at once gain nothing.

        Raises TooOften with the seconds to wait in `retry_after`.
        """
        try:
            self._count(self._shared, _key(whose))
        except RedisError as problem:
            log.warning("counting attempts without Redis", extra={"problem": type(problem).__name__})
            self._count(self._own, _key(whose))

    def forget(self, whose: str) -> None:
        """They have succeeded: the attempts before do not count."""
        self._own.clear(self._limit, _key(whose))
        try:
            self._shared.clear(self._limit, _key(whose))
        except RedisError:
            log.warning("attempts not forgotten: Redis is down")

    def _count(self, limiter: MovingWindowRateLimiter, key: str) -> None:
        if not limiter.hit(self._limit, key):
            wait = limiter.get_window_stats(self._limit, key).reset_time - time.time()
            raise TooOften(retry_after=max(1, math.ceil(wait)))


class LoginAttempts(Attempts):
    """Passwords tried for a username."""

    name = "login"

    def limit(self) -> RateLimitItem:
        return RateLimitItemPerMinute(config["user"]["login_failures"], config["user"]["login_window_minutes"])


class ConfirmationMails(Attempts):
    """Links mailed to an address, whoever asks, and for an account, wherever they go."""

    name = "confirmation"

    def limit(self) -> RateLimitItem:
        return RateLimitItemPerHour(config["user"]["confirmations_an_hour"])

    def allow(self, email: str, user_id: str) -> bool:
        """Whether one more may be sent; it counts then."""
        try:
            self.count(user_id)
            self.count(email)
        except TooOften:
            return False
        return True


def _key(whose: str) -> str:
    # People type their password into the wrong field, so what they typed is not kept as it is.
    return hashlib.sha256(fold(whose).encode()).hexdigest()
