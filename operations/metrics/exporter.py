"""All metrics of this machine at one address, for Prometheus."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from operations.metrics.exposition import Part, merge
from operations.metrics.gauges import exposition, gauge
from operations.metrics.measurement import Measurement
from operations.metrics.processes import read_all

SCRAPE_SECONDS = 5.0    # Prometheus waits for ten


class Exporter:
    """A WSGI application: it asks every process of the folder, and measures what none of them knows.

    What has no answer within `seconds` is left out, and a metric says so.
    """

    def __init__(self, folder: Path, measurements: list[Measurement],
                 seconds: float = SCRAPE_SECONDS) -> None:
        self._folder = folder
        self._measurements = measurements
        self._seconds = seconds
        # Without what this process imports of the rooms: their metrics are their own to tell.
        self._own = CollectorRegistry()
        ProcessCollector(registry=self._own)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD")])
            return []
        body = merge(self._parts()).encode()
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_PLAIN_0_0_4), ("Content-Length", str(len(body)))])
        return [body] if environ["REQUEST_METHOD"] == "GET" else []

    def _parts(self) -> Iterator[Part]:
        deadline = time.monotonic() + self._seconds
        for measurement in self._measurements:
            measurement.begin()
        answers = read_all(self._folder)
        yield from ((name, text) for name, text in answers.items() if text is not None)
        found = {each.source: each.result(deadline) for each in self._measurements}
        yield from (("", exposition(metrics)) for metrics in found.values() if metrics is not None)
        yield "metrics", generate_latest(self._own).decode()
        yield "", exposition([
            gauge("marquee_process_up", "Whether a process answered when it was asked for its metrics.", ["process"],
                  [([name], text is not None) for name, text in answers.items()]),
            gauge("marquee_measurement_up", "Whether a source could be measured; if not, its metrics are left out.",
                  ["source"], [([source], metrics is not None) for source, metrics in found.items()])])
