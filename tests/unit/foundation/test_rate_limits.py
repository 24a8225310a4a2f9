"""Limits of a moving window, counted without Redis: with Redis, see tests/integration/gateway/test_limits.py."""

import time
from typing import Any

import eventlet
import pytest
from limits import parse
from redis.exceptions import ConnectionError as Away

from schemas.errors import TooOften
from schemas.gateway import TooManyRequests
from services.foundation.rate_limits import RateLimiter, multiplied

NO_REDIS = "redis://127.0.0.1:1/0"
THREE = parse("3 per minute")
MANY = parse("200 per minute")


@pytest.fixture
def limiter() -> RateLimiter:
    return RateLimiter(NO_REDIS, "test")


def test_each_process_counts_for_itself_without_redis(limiter: RateLimiter) -> None:
    for _ in range(3):
        limiter.count(THREE, "ada")
    with pytest.raises(TooManyRequests) as refused:
        limiter.count(THREE, "ada", TooManyRequests, "holds")
    about = refused.value.about
    assert 58 < about.pop("retry_after") <= 60
    assert about == {"policy": "holds", "quota": 3, "window": 60}
    limiter.count(THREE, "grace")


def test_what_is_reset_begins_anew(limiter: RateLimiter) -> None:
    for _ in range(3):
        limiter.count(THREE, "ada")
    with pytest.raises(TooOften):
        limiter.count(THREE, "ada")
    limiter.reset(THREE, "ada")
    limiter.count(THREE, "ada")


class Redis:
    """A counter that notes how often it is asked; it may be away."""

    def __init__(self) -> None:
        self.asked, self.away, self.pause = list[int](), False, 0.0

    def hit(self, limit: Any, key: str, cost: int) -> bool:
        eventlet.sleep(self.pause)
        self.asked.append(cost)
        if self.away:
            raise Away()
        return sum(self.asked) <= limit.amount

    def get_window_stats(self, limit: Any, key: str) -> Any:
        class Stats:
            reset_time = time.time() + 30
        self.asked.append(0)
        return Stats


@pytest.fixture
def redis(limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch) -> Redis:
    redis = Redis()
    monkeypatch.setattr(limiter, "_shared", redis)
    return redis


def test_a_large_limit_asks_redis_once_in_a_while_and_stays_the_same(limiter: RateLimiter, redis: Redis) -> None:
    for _ in range(200):
        limiter.count(MANY, "kiosk")
    assert redis.asked == [10] * 20
    with pytest.raises(TooOften):
        limiter.count(MANY, "kiosk")


def test_requests_that_come_together_take_one_batch(limiter: RateLimiter, redis: Redis) -> None:
    def count() -> None:
        limiter.count(MANY, "kiosk")

    redis.pause = 0.01
    for thread in [eventlet.spawn(count) for _ in range(30)]:
        thread.wait()
    assert redis.asked == [10] * 3


def test_who_was_refused_is_refused_from_memory(limiter: RateLimiter, redis: Redis) -> None:
    for _ in range(3):
        limiter.count(THREE, "ada")
    for _ in range(50):
        with pytest.raises(TooOften):
            limiter.count(THREE, "ada")
    assert len(redis.asked) == 5     # three passed; the fourth was refused and asked how long


def test_redis_that_is_away_is_left_alone_for_a_while(limiter: RateLimiter, redis: Redis) -> None:
    redis.away = True
    for _ in range(3):
        limiter.count(THREE, "ada")
    with pytest.raises(TooOften):
        limiter.count(THREE, "ada")
    assert len(redis.asked) == 1


def test_a_crowd_has_so_many_times_the_limit() -> None:
    assert multiplied(THREE, 10) == parse("30 per minute")


def test_a_batch_of_a_huge_limit_stays_small(limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis writes an entry for each, and answers nobody meanwhile."""
    costs: list[int] = []
    monkeypatch.setattr(limiter, "_hit", lambda limit, key, cost: costs.append(cost) or True)

    for _ in range(150):
        limiter.count(parse("1000000 per minute"), "everybody")

    assert costs == [100, 100]
