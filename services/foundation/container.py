"""The container of a room's process: Nameko runs it with this class, as config.yml says."""

from functools import partial
from typing import Any

from eventlet.event import Event
from nameko import config
from nameko.containers import ServiceContainer

from services.foundation import metrics, settings
from services.foundation.amqp import publishing
from services.foundation.amqp.presence import circuits_of, marquee_version
from services.foundation.metrics import endpoint
from services.foundation.reloading import Reloader
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
        self.reloader = Reloader(self, self._tracing)

    def start(self) -> None:
        """Start the room; `stop` waits for the end of this."""
        self._tracing.start()
        super().start()
        self.reloader.listen()
        metrics.watch_workers(self.service_name, self._worker_pool)
        metrics.watch_pool(self.service_name, "rabbitmq", publishing.connections_in_use, publishing.connections_idle)
        metrics.watch_circuits(self.service_name, partial(circuits_of, self))
        endpoint.serve(config)
        self._started.send(None)

    def wait_until_started(self) -> None:
        """Return when all extensions have started: from then on the room serves."""
        self._started.wait()

    def stop(self) -> None:
        """Stop the room once it has started, or after START_SECONDS."""
        self._started.wait(timeout=START_SECONDS)
        super().stop()
        endpoint.leave(config)

    def wait(self) -> Any:
        """Block until the room has ended and its last spans are sent; the process ends when this returns."""
        try:
            return super().wait()
        finally:
            self._tracing.stop()

    def _run_worker(self, worker_ctx: Any, handle_result: Any) -> None:
        with spans.worker(worker_ctx):
            super()._run_worker(worker_ctx, handle_result)
