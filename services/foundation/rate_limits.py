"""Limits on how often something is done within a moving window, counted by the library `limits` in Redis.

Redis counts for all processes. While it is away, each process counts for itself: nothing fails, and a limit is then one
per process. Each key has a hash tag of its own, so that a Redis Cluster spreads them.
"""

import hashlib
import logging
import math
import time
from typing import Any

from cachetools import TLRUCache
from eventlet.semaphore import Semaphore
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from marshmallow import ValidationError, fields

from schemas.errors import TooOften
from services.foundation.redis_client import RedisError, connect, limits_storage

log = logging.getLogger("marquee.limits")
MOST_KEYS = 50_000           # of which a process remembers something by itself
AT_ONCE = 100                # counts that a process asks Redis for; its pool has 200 connections
REDIS_SECONDS = 0.25         # no request waits longer for its count
REDIS_PAUSE_SECONDS = 1.0    # for so long after a failure, Redis is not asked again
BATCH_FROM, BATCH_SHARE = 100, 20    # of a limit of 100 or more, a process takes a twentieth at once, ...
MOST_IN_BATCH = 100                  # ... but no more than this, since Redis writes an entry for each, ...
BATCH_WINDOWS = 4                    # ... and spends it within a quarter of the window


class RateLimit(fields.Field[RateLimitItem]):
    """A limit in the words of the library `limits`, such as `20 per minute` or `5 per 10 seconds`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> RateLimitItem:
        try:
            return parse(str(value))
        except ValueError:
            raise ValidationError("Not a limit, such as 20 per minute.") from None


def multiplied(limit: RateLimitItem, factor: int) -> RateLimitItem:
    """So many times the limit, in the same window."""
    return type(limit)(limit.amount * factor, limit.multiples, limit.namespace)


class RateLimiter:
    """Counts in a moving window, for one purpose.

    A large limit is taken from Redis in batches, so that most requests cost no round trip; it is then exact to within
    a twentieth per process. A small one is exact. What was refused once is refused from memory until its time comes.
    """

    def __init__(self, uri: str, purpose: str) -> None:
        """`uri`: of Redis, as in `REDIS_URIS`. `purpose`: the first part of all keys."""
        redis = connect(uri, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
        self._shared = MovingWindowRateLimiter(limits_storage(redis, purpose))
        self._local = MovingWindowRateLimiter(MemoryStorage())
        self._purpose = purpose
        self._redis_rests_until = 0.0
        self._turn, self._at_once = Semaphore(), Semaphore(AT_ONCE)
        self._refused: TLRUCache[Any, float] = TLRUCache(
            MOST_KEYS, ttu=lambda _, until, now: until, timer=time.monotonic)
        self._batches: TLRUCache[Any, list[float]] = TLRUCache(
            MOST_KEYS, ttu=lambda _, batch, now: batch[1], timer=time.monotonic)

    def count(self, limit: RateLimitItem, name: str, refusal: type[TooOften] = TooOften,
              policy: str | None = None) -> None:
        """Count one more under `name`. If that is too many, nothing is counted, and the `refusal` is raised.

        It carries the seconds to wait, and what the headers RateLimit and RateLimit-Policy say.
        """
        key = _key(name)
        wait = self._refused.get((limit, key), 0.0) - time.monotonic()
        if wait <= 0 and not self._take_one(limit, key):
            wait = self._wait(limit, key)
            self._refused[limit, key] = time.monotonic() + wait
        if wait > 0:
            raise refusal(retry_after=math.ceil(wait), policy=policy or self._purpose, quota=limit.amount,
                          window=limit.get_expiry())

    def reset(self, limit: RateLimitItem, name: str) -> None:
        """Forget what was counted under `name`."""
        key = _key(name)
        self._refused.pop((limit, key), None)
        self._local.clear(limit, key)
        try:
            self._shared.clear(limit, key)
        except RedisError:
            log.warning("a count is not reset: Redis is down", extra={"purpose": self._purpose})

    def _take_one(self, limit: RateLimitItem, key: str) -> bool:
        if limit.amount < BATCH_FROM:
            return self._hit(limit, key, 1)
        return self._spend_one(limit, key) or self._take_batch(limit, key) or self._hit(limit, key, 1)

    def _take_batch(self, limit: RateLimitItem, key: str) -> bool:
        with self._turn:    # or requests that come together would each take a batch
            if self._spend_one(limit, key):
                return True
            size = min(limit.amount // BATCH_SHARE, MOST_IN_BATCH)
            if not self._hit(limit, key, size):
                return False
            self._batches[limit, key] = [size - 1, time.monotonic() + limit.get_expiry() / BATCH_WINDOWS]
            return True

    def _spend_one(self, limit: RateLimitItem, key: str) -> bool:
        batch = self._batches.get((limit, key))
        if not batch or batch[0] < 1:
            return False
        batch[0] -= 1
        return True

    def _hit(self, limit: RateLimitItem, key: str, cost: int) -> bool:
        with self._at_once:
            if time.monotonic() >= self._redis_rests_until:
                try:
                    return self._shared.hit(limit, key, cost=cost)
                except RedisError as problem:
                    self._redis_rests_until = time.monotonic() + REDIS_PAUSE_SECONDS
                    log.warning("limits are counted without Redis",
                                extra={"purpose": self._purpose, "problem": type(problem).__name__})
        return self._local.hit(limit, key, cost=cost)

    def _wait(self, limit: RateLimitItem, key: str) -> float:
        """The seconds until the oldest counted one leaves the window."""
        counts = self._shared if time.monotonic() >= self._redis_rests_until else self._local
        try:
            until = counts.get_window_stats(limit, key).reset_time
        except RedisError:
            until = self._local.get_window_stats(limit, key).reset_time
        return max(1.0, until - time.time())


def _key(name: str) -> str:
    # People type their password into the wrong field, so Redis gets a digest of what they typed.
    return f"{{{hashlib.sha256(name.encode()).hexdigest()[:32]}}}"
