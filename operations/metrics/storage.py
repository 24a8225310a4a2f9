"""The free storage of this machine, and the log lines for which there was none."""

import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, Metric

from operations.mesh import Mesh
from operations.metrics.gauges import gauge
from operations.metrics.measurement import Measurement
from operations.supervision.connection import AWAY
from operations.supervision.supervisor import Supervisor
from services.foundation.readiness.storage import free_bytes


class Storage:
    """That of the run folder, where the servers that were started here have their data."""

    def __init__(self, mesh: Mesh) -> None:
        self._folder: Path = mesh.run_folder
        self._reserve: int = mesh.reserve

    def measurement(self) -> Measurement:
        """By the name `storage`."""
        return Measurement("storage", self.measure)

    def measure(self) -> Iterator[Metric]:
        """The bytes that are free, those kept in reserve, and the log lines that supervisord has dropped if it runs."""
        yield gauge("marquee_storage_free_bytes", "Free storage where the servers started here have their data.", [],
                    [([], free_bytes(self._folder))])
        yield gauge("marquee_storage_reserve_bytes", "With less free storage, nothing new is taken.", [],
                    [([], self._reserve)])
        try:
            dropped = Supervisor(self._folder).dropped_lines()
        except (*AWAY, xmlrpc.client.Fault):    # as in a container
            return
        yield CounterMetricFamily("marquee_log_lines_dropped", "Log lines that could not be written.", value=dropped)
