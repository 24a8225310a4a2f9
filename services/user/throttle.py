"""Throttles: how many attempts a name has within a moving window. An attempt that is refused does not prolong the wait.
"""

import hashlib
import logging
import math
import time
from typing import Any

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from nameko import config
from nameko.extensions import DependencyProvider

from schemas.errors import TooOften
from services.foundation.redis_client import RedisError, connect, limits_storage
from services.user.settings import UserSettings, load
from services.user.usernames import username_key

log = logging.getLogger("marquee.user")


class Throttle(DependencyProvider):
    """Injects itself. Redis counts for all processes of the room; while it is down, each process counts for itself."""

    name: str

    def limit(self, settings: UserSettings) -> RateLimitItem:
        """The limit that config.yml sets."""
        raise NotImplementedError

    def settings_read_again(self, path: str) -> bool:
        """None of its own: the room's settings say which are taken over."""
        return False

    def reload(self) -> None:
        """Read the limit again."""
        self._limit = self.limit(load(config))

    def setup(self) -> None:
        """Read the limit and connect to Redis when the room starts."""
        self.reload()
        redis = connect(config["REDIS_URIS"]["marquee"])
        self._shared = MovingWindowRateLimiter(limits_storage(redis, self.name))
        self._local = MovingWindowRateLimiter(MemoryStorage())

    def get_dependency(self, worker_ctx: Any) -> "Throttle":
        """One throttle serves all calls of the process."""
        return self

    def count(self, name: str) -> None:
        """Count an attempt before its outcome is known, so that many attempts at once gain nothing.

        Raises TooOften with the seconds to wait in `retry_after`.
        """
        try:
            self._count(self._shared, _key(name))
        except RedisError as problem:
            log.warning("attempts are counted without Redis", extra={"problem": type(problem).__name__})
            self._count(self._local, _key(name))

    def reset(self, name: str) -> None:
        """Forget the attempts of a name that has succeeded."""
        self._local.clear(self._limit, _key(name))
        try:
            self._shared.clear(self._limit, _key(name))
        except RedisError:
            log.warning("attempts are not reset: Redis is down")

    def _count(self, limiter: MovingWindowRateLimiter, key: str) -> None:
        if not limiter.hit(self._limit, key):
            wait = limiter.get_window_stats(self._limit, key).reset_time - time.time()
            raise TooOften(retry_after=max(1, math.ceil(wait)))


class LoginThrottle(Throttle):
    """Limits the passwords tried for a username."""

    name = "login"

    def limit(self, settings: UserSettings) -> RateLimitItem:
        """`login_failures` in `login_window_minutes`."""
        return RateLimitItemPerMinute(settings.login_failures, settings.login_window_minutes)


class ConfirmationThrottle(Throttle):
    """Limits the links mailed to an address, whatever account asks, and for an account, whatever the address."""

    name = "confirmation"

    def limit(self, settings: UserSettings) -> RateLimitItem:
        """`confirmations_an_hour`."""
        return RateLimitItemPerHour(settings.confirmations_per_hour)

    def allow(self, email: str, user_id: str) -> bool:
        """Whether one more link may be mailed; if so, it is counted."""
        try:
            self.count(user_id)
            self.count(email)
        except TooOften:
            return False
        return True


class PasswordResetThrottle(Throttle):
    """Limits the links that set a password: those asked for by a name, and those mailed for an account."""

    name = "password_reset"

    def limit(self, settings: UserSettings) -> RateLimitItem:
        """`password_resets_an_hour`."""
        return RateLimitItemPerHour(settings.password_resets_per_hour)


def _key(name: str) -> str:
    # People type their password into the wrong field, so Redis gets a digest of what they typed.
    return hashlib.sha256(username_key(name).encode()).hexdigest()
