"""A room's process as a whole: nameko runs it with this class, as config.yml says."""

from typing import Any

from eventlet.event import Event
from nameko import config
from nameko.containers import ServiceContainer

from services.foundation import settings

START_SECONDS = 10


class RoomContainer(ServiceContainer):
    """A room that refuses to start with settings that can't be (SettingsError), and first gets up before it leaves.

    Stock nameko stops what is not there yet, fails over it, and the process stays until somebody kills it.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        settings.check(config)
        super().__init__(*args, **options)
        self._is_up = Event()

    def start(self) -> None:
        super().start()
        self._is_up.send(None)

    def stop(self) -> None:
        self._is_up.wait(timeout=START_SECONDS)
        super().stop()
