"""The container of a room's process: Nameko runs it with this class, as config.yml says."""

from typing import Any

from eventlet.event import Event
from nameko import config
from nameko.containers import ServiceContainer

from services.foundation import metrics, settings
from services.foundation.metrics import endpoint

START_SECONDS = 10


class RoomContainer(ServiceContainer):
    """Refuses to start with wrong settings (SettingsError), and finishes starting before it stops.

    Stock Nameko, asked to stop while it starts, stops extensions that do not exist yet, fails, and the process stays
    until it is killed.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        settings.check(config)
        super().__init__(*args, **options)
        self._started = Event()

    def start(self) -> None:
        """Start the room; `stop` waits for the end of this."""
        super().start()
        metrics.watch_workers(self.service_name, self._worker_pool)
        endpoint.serve(config)
        self._started.send(None)

    def stop(self) -> None:
        """Stop the room once it has started, or after START_SECONDS."""
        self._started.wait(timeout=START_SECONDS)
        super().stop()
        endpoint.leave(config)
