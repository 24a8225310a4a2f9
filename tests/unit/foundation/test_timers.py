"""Timers follow the monotonic clock, leave missed ticks out, and can be woken."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
import pytest

from services.foundation import timers
from services.foundation.timers import RoomTimer, TimerWaker, next_due

HOUR = 3600.0
INTERVAL = 0.02


class Container:
    """Does each piece of work at once, and counts them."""

    _being_killed = False
    service_name = "film"
    done = 0
    on_work: Callable[[], object] = staticmethod(lambda: None)
    entrypoints: tuple[RoomTimer, ...] = ()
    spawn_managed_thread = staticmethod(eventlet.spawn)

    def spawn_worker(self, entrypoint: Any, *args: Any, handle_result: Callable[..., Any]) -> None:
        self.done += 1
        self.on_work()
        handle_result(None, None, None)


@contextmanager
def ticking(interval: float) -> Iterator[Container]:
    """A container with a timer, `tick`, that runs."""
    container = Container()
    timer = RoomTimer(interval).bind(container, "tick")
    container.entrypoints = (timer,)
    timer.start()
    try:
        yield container
    finally:
        timer.stop()


@pytest.fixture
def container() -> Iterator[Container]:
    """A container with a ticking timer."""
    with ticking(INTERVAL) as container:
        ticks_on(container)
        yield container


def ticks_on(container: Container, times: int = 3) -> None:
    before = container.done
    with eventlet.Timeout(10):
        while container.done < before + times:
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


def waker(container: Container, timer: str = "tick") -> TimerWaker:
    wake = TimerWaker(timer).bind(container, "wake")
    wake.setup()
    return wake


def test_a_woken_timer_runs_at_once_and_then_rests_again() -> None:
    with ticking(HOUR) as container:
        ticks_on(container, times=1)
        waker(container).wake()
        ticks_on(container, times=1)
        eventlet.sleep(INTERVAL)
        assert container.done == 2


def test_a_timer_woken_while_it_runs_runs_once_more() -> None:
    with ticking(HOUR) as container:
        wake = waker(container).wake
        container.on_work = lambda: (wake(), wake()) if container.done == 1 else None
        ticks_on(container, times=2)
        eventlet.sleep(INTERVAL)
        assert container.done == 2


def test_a_room_can_not_wake_a_timer_that_it_does_not_have() -> None:
    with ticking(HOUR) as container, pytest.raises(ValueError, match="film has no timer send"):
        waker(container, "send")
