"""Work that nobody asks for: `@every("sweep_seconds")` runs a method of a room on a timer of config.yml.

It runs in every process of the room, so it must be safe to do twice at once.
"""

from typing import Any

from nameko import config
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
