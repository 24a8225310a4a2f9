"""Timers follow the monotonic clock and leave missed ticks out."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest

from services.foundation import timers
from services.foundation.timers import RoomTimer, next_due

HOUR = 3600.0
INTERVAL = 0.02


class Container:
    """Does each piece of work at once, and counts them."""

    _being_killed = False
    done = 0
    spawn_managed_thread = staticmethod(eventlet.spawn)

    def spawn_worker(self, entrypoint: Any, *args: Any, handle_result: Callable[..., Any]) -> None:
        self.done += 1
        handle_result(None, None, None)


@pytest.fixture
def container() -> Iterator[Container]:
    """A container with a ticking timer."""
    container, timer = Container(), RoomTimer(INTERVAL)
    timer.container = container
    timer.start()
    ticks_on(container)
    yield container
    timer.stop()


def ticks_on(container: Container) -> None:
    before = container.done
    with eventlet.Timeout(10):
        while container.done < before + 3:
            eventlet.sleep(0.001)


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_timer_keeps_its_interval_when_the_wall_clock_is_set(container: Container, jump: float,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + jump)
    before, began = container.done, time.monotonic()
    ticks_on(container)
    ticks_on(container)
    assert container.done - before <= (time.monotonic() - began) / INTERVAL + 2


def test_a_timer_ticks_once_after_an_hour_of_sleep(container: Container,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    true_time = time.monotonic
    monkeypatch.setattr(timers, "monotonic", lambda: true_time() + HOUR)
    before, began = container.done, true_time()
    ticks_on(container)
    ticks_on(container)
    assert container.done - before <= (true_time() - began) / INTERVAL + 2


@pytest.mark.parametrize(("now", "due"), [(10.0, 15), (14.9, 15), (15.0, 15), (15.1, 20), (10.0 + HOUR, 10 + HOUR)])
def test_the_next_tick_is_the_first_that_has_not_passed(now: float, due: float) -> None:
    assert next_due(10.0, 5.0, now) == due
