"""Finished spans on their way to one destination: a bounded queue, emptied in batches by a green thread.

A request never waits for it. What does not fit, or can't be sent, is dropped and counted. OpenTelemetry's own
BatchSpanProcessor logs a line for each span that it drops, and keeps no count.
"""

import logging
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import eventlet
from eventlet import Timeout
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from prometheus_client import Counter

log = logging.getLogger("marquee.tracing")
DROPPED = Counter("marquee_spans_dropped_total", "Spans that were lost on their way.", ["destination"])


class Exporter(Protocol):
    """Sends spans to one destination."""

    name: str

    def export(self, spans: Sequence[ReadableSpan], dropped: int) -> None:
        """Send the spans, or raise. `dropped`: how many were lost since the last batch that was sent."""
        ...

    def close(self) -> None:
        """Stop waiting for an answer; nothing is exported after this."""
        ...


class SpanQueue(SpanProcessor):
    """Takes each span as it ends."""

    def __init__(self, exporter: Exporter, length: int, batch: int, seconds: float) -> None:
        """Hold at most `length` spans, and send up to `batch` at once, at the latest `seconds` after they ended."""
        self._exporter, self._length, self._batch, self._seconds = exporter, length, batch, seconds
        self._spans: deque[ReadableSpan] = deque()
        self._wake = eventlet.Event()
        self._dropped = 0   # since the last batch that was sent
        self._failing = self._stopping = False
        self._thread: eventlet.greenthread.GreenThread | None = None

    def start(self) -> None:
        """Send from now on, in a green thread."""
        self._thread = eventlet.spawn(self._run)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing: only finished spans are sent."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span, or drop it if there is no room. Never waits, never raises."""
        if len(self._spans) >= self._length:
            self._drop(1)
            return
        self._spans.append(span)
        if len(self._spans) >= self._batch:
            self._hurry()

    def stop(self, seconds: float) -> None:
        """Send what is queued, for so many seconds at most; what is left then is lost."""
        if self._thread is None or self._stopping:
            return
        self._stopping = True
        self._hurry()
        with Timeout(seconds, False):
            self._thread.wait()
            return
        self._exporter.close()
        self._thread.kill()
        log.warning("spans are lost", extra={"to": self._exporter.name, "count": len(self._spans)})

    def _hurry(self) -> None:
        if not self._wake.ready():
            self._wake.send()

    def _run(self) -> None:
        while True:
            with Timeout(self._seconds, False):
                self._wake.wait()
            self._wake = eventlet.Event()
            while self._spans:
                self._send([self._spans.popleft() for _ in range(min(self._batch, len(self._spans)))])
                eventlet.sleep()   # encoding a batch takes a while
            if self._stopping:
                return

    def _send(self, spans: list[ReadableSpan]) -> None:
        lost, self._dropped = self._dropped, 0
        try:
            self._exporter.export(spans, lost)
        except Exception as problem:
            self._dropped += lost
            self._drop(len(spans))
            if not self._failing:
                log.warning("spans can't be sent", extra={"to": self._exporter.name,
                                                          "problem": f"{type(problem).__name__}: {problem}"[:200]})
            self._failing = True
        else:
            if self._failing:
                log.info("spans are sent again", extra={"to": self._exporter.name, "dropped": lost})
            self._failing = False

    def _drop(self, count: int) -> None:
        self._dropped += count
        DROPPED.labels(self._exporter.name).inc(count)

    def shutdown(self) -> None:
        """Nothing: `stop` has a deadline."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Nothing: `stop` sends the rest."""
        return True
