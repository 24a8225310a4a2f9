"""The container of a room's process: Nameko runs it with this class, as config.yml says."""

from typing import Any

from eventlet.event import Event
from nameko import config
from nameko.containers import ServiceContainer

from services.foundation import settings
from services.foundation.amqp.presence import marquee_version
from services.foundation.tracing import spans
from services.foundation.tracing.tracing import Tracing

START_SECONDS = 10


class RoomContainer(ServiceContainer):
    """Refuses to start with wrong settings (SettingsError), traces its workers, and finishes starting before it stops.

    Stock Nameko, asked to stop while it starts, stops extensions that do not exist yet, fails, and the process stays
    until it is killed.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        settings.check(config)
        super().__init__(*args, **options)
        self._started = Event()
        self._tracing = Tracing(config, self.service_name, marquee_version())

    def start(self) -> None:
        """Start the room; `stop` waits for the end of this."""
        self._tracing.start()
        super().start()
        self._started.send(None)

    def stop(self) -> None:
        """Stop the room once it has started, or after START_SECONDS."""
        self._started.wait(timeout=START_SECONDS)
        super().stop()

    def wait(self) -> Any:
        """Block until the room has ended and its last spans are sent; the process ends when this returns."""
        try:
            return super().wait()
        finally:
            self._tracing.stop()

    def _run_worker(self, worker_ctx: Any, handle_result: Any) -> None:
        with spans.worker(worker_ctx):
            super()._run_worker(worker_ctx, handle_result)
