"""Timers tick by a clock that nobody sets, and what was missed is not made up for."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest

from services.foundation import timers
from services.foundation.timers import Chore, next_due

HOUR = 3600.0
INTERVAL = 0.02


class Container:
    """Does every piece of work at once, and counts them."""

    _being_killed = False
    done = 0
    spawn_managed_thread = staticmethod(eventlet.spawn)

    def spawn_worker(self, entrypoint: Any, *args: Any, handle_result: Callable[..., Any]) -> None:
        self.done += 1
        handle_result(None, None, None)


@pytest.fixture
def container() -> Iterator[Container]:
    """A timer is ticking there."""
    container, chore = Container(), Chore(INTERVAL)
    chore.container = container
    chore.start()
    ticks_on(container)
    yield container
    chore.stop()


def ticks_on(container: Container) -> None:
    before = container.done
    with eventlet.Timeout(10):
        while container.done < before + 3:
            eventlet.sleep(0.001)


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_wall_clock_that_is_set_changes_nothing(container: Container, jump: float,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + jump)
    before, began = container.done, time.monotonic()
    ticks_on(container)
    ticks_on(container)
    assert container.done - before <= (time.monotonic() - began) / INTERVAL + 2


def test_after_an_hour_of_sleep_there_is_one_tick_not_many(container: Container,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    true_time = time.monotonic
    monkeypatch.setattr(timers, "monotonic", lambda: true_time() + HOUR)
    before, began = container.done, true_time()
    ticks_on(container)
    ticks_on(container)
    assert container.done - before <= (true_time() - began) / INTERVAL + 2


@pytest.mark.parametrize(("now", "due"), [(10.0, 15), (14.9, 15), (15.0, 15), (15.1, 20), (10.0 + HOUR, 10 + HOUR)])
def test_the_next_tick_is_the_first_that_is_not_over(now: float, due: float) -> None:
    assert next_due(10.0, 5.0, now) == due
