"""Tracing of one process, from its start to its stop, as config.yml says."""

import os
import socket
from typing import Any

from nameko import config
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from services.foundation.tracing import spans
from services.foundation.tracing.insight_exporter import InsightExporter
from services.foundation.tracing.sampler import Sampler
from services.foundation.tracing.settings import tracing_settings
from services.foundation.tracing.span_queue import Exporter, SpanQueue

STOP_SECONDS = 1.0   # for what is queued when the process stops


class Tracing:
    """Records the sampled traces of a room's process, and sends their spans away."""

    def __init__(self, settings: Any, room: str, version: str) -> None:
        """`settings`: config.yml. Raises SettingsError for mistakes in its section `tracing`."""
        self.settings = tracing_settings(settings)
        self.instance = f"{socket.gethostname()}:{os.getpid()}"
        self._room = room
        self.queues = [SpanQueue(exporter, self.settings.queue, self.settings.batch, self.settings.seconds)
                       for exporter in self._exporters()]
        resource = Resource({"service.name": room, "service.namespace": "marquee", "service.version": version,
                             "service.instance.id": self.instance})
        # Sampler decides; the SDK is only asked for spans that are recorded.
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        for queue in self.queues:
            self._provider.add_span_processor(queue)
        self.sampler = Sampler(self.settings.ratio, self.settings.per_second if self.queues else 0)

    def start(self) -> None:
        """Record and send from now on."""
        for queue in self.queues:
            queue.start()
        spans.use(spans.Recorder(self._provider.get_tracer("marquee"), self.sampler))

    def settings_read_again(self, path: str) -> bool:
        """Whether the setting says how many traces are recorded: only that changes while the process runs."""
        return path in ("tracing.ratio", "tracing.per_second")

    def reload(self) -> None:
        """Record as many traces as config.yml says now. Raises SettingsError, and then changes nothing."""
        self.settings = tracing_settings(config)
        self.sampler.ratio = self.settings.ratio
        self.sampler.per_second = self.settings.per_second if self.queues else 0

    def stop(self) -> None:
        """Record no further trace, and send what is queued, for STOP_SECONDS at most."""
        self.sampler.per_second = 0
        for queue in self.queues:
            queue.stop(STOP_SECONDS / len(self.queues))

    def _exporters(self) -> list[Exporter]:
        found: list[Exporter] = []
        if self.settings.to_insight:
            found.append(InsightExporter(self._room, self.instance))
        if self.settings.to_otlp:
            # Its protobuf classes take a tenth of a second and 10 MB, so they are loaded only where they are used.
            from services.foundation.tracing.otlp_exporter import OtlpExporter

            found.append(OtlpExporter(self.settings.endpoint, self.settings.headers, self.settings.timeout))
        return found
