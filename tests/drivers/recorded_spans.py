"""Spans kept in memory."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.foundation.tracing import spans
from services.foundation.tracing.sampler import Sampler


class RecordedSpans:
    """The spans that have ended, by name."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def names(self) -> list[str]:
        return [span.name for span in self._exporter.get_finished_spans()]

    def __getitem__(self, name: str) -> ReadableSpan:
        [found] = [span for span in self._exporter.get_finished_spans() if span.name == name]
        return found


@contextmanager
def recorded_spans() -> Iterator[RecordedSpans]:
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    before = spans.use(spans.Recorder(provider.get_tracer("test"), Sampler(1, 1000)))
    try:
        yield RecordedSpans(exporter)
    finally:
        spans.use(before)
