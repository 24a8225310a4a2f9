"""Work that nobody asks for: `@every("sweep_seconds")` runs a method of a room on a timer of config.yml.

It runs in every process of the room, so it must be safe to do twice at once.
"""

from collections.abc import Callable
from typing import Any

from nameko import config
from nameko.extensions import DependencyProvider
from nameko.timer import Timer


class Chore(Timer):
    def __init__(self, setting: str) -> None:
        super().__init__(interval=1, eager=True)
        self._setting = setting

    def setup(self) -> None:
        super().setup()
        self.interval = float(config[self.container.service_name][self._setting])

    def handle_timer_tick(self) -> None:
        if not self.container._being_killed:
            super().handle_timer_tick()


every: Any = Chore.decorator


class Leaving(DependencyProvider):
    """Injects a question, `self.leaving()`: was the room asked to leave? A chore of many parts asks between them."""

    def get_dependency(self, worker_ctx: Any) -> Callable[[], bool]:
        return lambda: any(each.should_stop.ready() for each in self.container.entrypoints if isinstance(each, Timer))
