"""Work that nobody asks for: `@every("sweep_seconds")` runs a method of a room on a timer.

It runs in every process of the room, so it must be safe to do twice at once.
"""

import math
from collections.abc import Callable
from time import monotonic
from typing import Any

from eventlet import Timeout
from nameko import config
from nameko.extensions import DependencyProvider
from nameko.timer import Timer


class Chore(Timer):
    """A timer that goes off when its room starts and then every so many seconds, one piece of work at a time.

    Stock Nameko's follows the wall clock: set back an hour it rests for an hour, set forward it makes up for all of it.
    """

    def __init__(self, interval: str | float) -> None:
        """`interval`: seconds, or the name of the setting in the room's part of config.yml that has them."""
        super().__init__(interval=interval, eager=True)
        self._setting = interval

    def setup(self) -> None:
        super().setup()
        if isinstance(self._setting, str):
            self.interval = float(config[self.container.service_name][self._setting])

    def _run(self) -> None:
        due = monotonic()
        while True:
            with Timeout(max(due - monotonic(), 0), False):
                self.should_stop.wait()
                return
            self.handle_timer_tick()
            self.worker_complete.wait()
            self.worker_complete.reset()
            due = next_due(due, self.interval, monotonic())

    def handle_timer_tick(self) -> None:
        if not self.container._being_killed:
            super().handle_timer_tick()


def next_due(due: float, interval: float, now: float) -> float:
    """The first tick after the one that was due then, leaving out those that are over."""
    return due + interval * max(1, math.ceil((now - due) / interval))


every: Any = Chore.decorator


class Leaving(DependencyProvider):
    """Injects a question, `self.leaving()`: was the room asked to leave? A chore of many parts asks between them."""

    def get_dependency(self, worker_ctx: Any) -> Callable[[], bool]:
        return lambda: is_leaving(self.container)


def is_leaving(container: Any) -> bool:
    """Whether the room in this container was asked to leave."""
    return any(each.should_stop.ready() for each in container.entrypoints if isinstance(each, Chore))
