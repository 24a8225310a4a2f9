"""Whoever tries wrong passwords waits longer and longer, and keeps nobody else waiting."""

from collections.abc import Iterator

import nameko
import pytest

from schemas.errors import TooOften
from services.user.attempts import login_throttle
from services.user.attempts.login_throttle import LoginThrottle
from services.user.attempts.source import Source
from tests.unit.user.samples import SECTION

NO_REDIS = "redis://127.0.0.1:1/0"
HERE, THERE = Source("address 192.0.2.1"), Source("address 192.0.2.2")


class Clock:
    now = 1_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(login_throttle, "time", clock)
    return clock


@pytest.fixture
def throttle(clock: Clock) -> Iterator[LoginThrottle]:
    """Without Redis: its script is tried in tests/integration/user."""
    settings = {"REDIS_URIS": {"marquee": NO_REDIS}, "user": {**SECTION, "login_failures": 3}}
    with nameko.config.patch(settings):
        counter = LoginThrottle()
        counter.setup()
        yield counter


def wait_of(throttle: LoginThrottle, name: str = "ada", source: Source = HERE) -> int:
    try:
        throttle.count(name, source)
    except TooOften as refused:
        return int(refused.about["retry_after"])
    return 0


def test_the_pauses_double_up_to_the_window(throttle: LoginThrottle, clock: Clock) -> None:
    waits = []
    for _ in range(12):
        if wait := wait_of(throttle):
            waits.append(wait)
            clock.now += wait
    assert waits == [15, 30, 60, 120, 240]

    for _ in range(3):
        clock.now += wait_of(throttle)
    assert wait_of(throttle) == 900
    assert wait_of(throttle) == 900     # a refused attempt does not prolong the wait


def test_a_name_is_counted_alike_in_any_case_and_width(throttle: LoginThrottle) -> None:
    assert [wait_of(throttle, name) for name in ("ada", "ADA", "\uff21da", "aDa")] == [0, 0, 0, 15]


def test_nobody_else_is_kept_waiting(throttle: LoginThrottle) -> None:
    assert [wait_of(throttle) for _ in range(4)][-1] > 0
    assert wait_of(throttle, source=THERE) == 0
    assert wait_of(throttle, name="grace") == 0


def test_a_sign_in_forgets_what_failed_there(throttle: LoginThrottle) -> None:
    for _ in range(4):
        wait_of(throttle)
    throttle.reset("ada", THERE)
    assert wait_of(throttle) > 0
    throttle.reset("ada", HERE)
    assert wait_of(throttle) == 0
