"""A measurement of what no single process knows, such as a table or a queue. It never holds up a scrape."""

import logging
import time
from collections.abc import Callable, Iterable
from threading import Condition, Thread

from prometheus_client.core import Metric

log = logging.getLogger("marquee.metrics")
Measure = Callable[[], Iterable[Metric]]


class Measurement:
    """Measures when asked, at most once in `kept` seconds and one at a time, in a thread of its own."""

    def __init__(self, source: str, measure: Measure, kept: float = 5.0) -> None:
        """`source`: its name, as the metric of its success has it."""
        self.source = source
        self._measure = measure
        self._kept = kept
        self._changed = Condition()
        self._running = False
        self._found: list[Metric] | None = None
        self._until = 0.0    # of the monotonic clock: what was found is told so long

    def begin(self) -> None:
        """Measure anew, unless that is under way or was done a moment ago."""
        with self._changed:
            if self._running or time.monotonic() < self._until:
                return
            self._running = True
        Thread(target=self._run, daemon=True, name=self.source).start()

    def result(self, deadline: float) -> list[Metric] | None:
        """What was found; None when it could not be measured, or not by the deadline (of the monotonic clock)."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout=max(0.0, deadline - time.monotonic()))
            return None if self._running else self._found

    def _run(self) -> None:
        found: list[Metric] | None = None
        try:
            found = list(self._measure())
        except Exception as problem:
            log.warning("could not measure", extra={"source": self.source, "problem": type(problem).__name__})
        finally:
            with self._changed:
                self._found, self._running = found, False
                self._until = time.monotonic() + self._kept
                self._changed.notify_all()
