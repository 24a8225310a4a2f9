"""Pauses between the passwords tried for a username from one source; they double, and other sources wait for none.

So nobody locks anybody else out: whoever guesses, waits. Redis counts for all processes of the room; while it is down,
each process counts for itself.
"""

import hashlib
import logging
import math
import time
from pathlib import Path
from typing import Any

from cachetools import TTLCache
from eventlet.semaphore import Semaphore
from nameko import config
from nameko.extensions import DependencyProvider
from redis import StrictRedis

from schemas.errors import TooOften
from services.foundation.redis_client import OPTIONS, RedisError
from services.user.attempts.source import Source
from services.user.settings import UserSettings, load
from services.user.usernames import username_key

log = logging.getLogger("marquee.user")
SCRIPT = Path(__file__).with_name("pause.lua").read_text()
AT_ONCE = 100          # attempts that ask Redis; its pool has 200 connections
MOST_PAIRS = 10_000    # of a name and a source that a process remembers while Redis is down


class LoginThrottle(DependencyProvider):
    """Injects itself."""

    def settings_read_again(self, path: str) -> bool:
        """None of its own: the room's settings say which are taken over."""
        return False

    def reload(self) -> None:
        """Read the limits again."""
        self._settings = load(config)

    def setup(self) -> None:
        """Read the limits and connect to Redis when the room starts."""
        self.reload()
        self._redis = StrictRedis.from_url(config["REDIS_URIS"]["marquee"], decode_responses=True, **OPTIONS)
        self._at_once = Semaphore(AT_ONCE)
        self._script = self._redis.register_script(SCRIPT)
        forgotten_after = 2 * 60 * self._settings.login_window_minutes
        self._local: TTLCache[str, tuple[int, float]] = TTLCache(MOST_PAIRS, forgotten_after)

    def get_dependency(self, worker_ctx: Any) -> "LoginThrottle":
        """One throttle serves all calls of the process."""
        return self

    def count(self, username: str, source: Source) -> None:
        """Count an attempt before its outcome is known, so that many attempts at once gain nothing.

        Raises TooOften with the seconds to wait in `retry_after`; such an attempt does not prolong the wait.
        """
        key, settings = _key(username, source), self._settings
        try:
            with self._at_once:
                left = float(self._script([key], [settings.login_failures, settings.login_pause_seconds,
                                                  *2 * [settings.login_window_minutes * 60]]))
        except RedisError as problem:
            log.warning("attempts are counted without Redis", extra={"problem": type(problem).__name__})
            left = self._count_locally(key, time.time())
        if left > 0:
            raise TooOften(retry_after=math.ceil(left), policy="sign_in", quota=settings.login_failures,
                           window=settings.login_window_minutes * 60)

    def reset(self, username: str, source: Source) -> None:
        """Forget the attempts that a source has made for a name, because one has succeeded."""
        key = _key(username, source)
        self._local.pop(key, None)
        try:
            self._redis.delete(key)
        except RedisError:
            log.warning("attempts are not reset: Redis is down")

    def _count_locally(self, key: str, now: float) -> float:
        tries, ends = self._local.get(key, (0, 0.0))
        if ends <= now:
            self._local[key] = tries + 1, now + pause_after(tries + 1, self._settings)
        return max(0.0, ends - now)


def pause_after(tries: int, settings: UserSettings) -> float:
    """The seconds to wait after this many attempts; pause.lua has the same rule."""
    if tries < settings.login_failures:
        return 0.0
    doubled = settings.login_pause_seconds * 2 ** min(tries - settings.login_failures, 30)
    return float(min(doubled, settings.login_window_minutes * 60))


def _key(username: str, source: Source) -> str:
    # People type their password into the wrong field, so Redis gets a digest of what they typed.
    pair = "\n".join((username_key(username), source.name))
    return f"login:{{{hashlib.sha256(pair.encode()).hexdigest()}}}"
