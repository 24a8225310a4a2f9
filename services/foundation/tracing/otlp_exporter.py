"""Sends spans to an OTLP endpoint over HTTP, as protobuf, by OpenTelemetry's own exporter."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult


class ExportFailed(Exception):
    """The endpoint did not take the spans in time; `str` says why."""


class FailureLog(logging.Handler):
    """Keeps what OpenTelemetry's exporter logs of a batch, for our one line: it would log the same for every batch."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []
        logger = logging.getLogger("opentelemetry.exporter.otlp")
        logger.handlers, logger.propagate = [self], False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text of the record."""
        self.texts.append(record.getMessage())


class OtlpExporter:
    """An Exporter. A failed request is repeated, with growing pauses, until `seconds` are over."""

    name = "otlp"

    def __init__(self, endpoint: str, headers: Mapping[str, str], seconds: float) -> None:
        self._exporter: Any = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", headers=headers,
                                               timeout=seconds, compression=Compression.Gzip)
        self._failures = FailureLog()

    def export(self, spans: Sequence[ReadableSpan], dropped: int) -> None:
        """Send one request with these spans. Raises ExportFailed."""
        self._failures.texts.clear()
        if self._exporter.export(spans) is not SpanExportResult.SUCCESS:
            raise ExportFailed(" ".join(self._failures.texts))

    def close(self) -> None:
        """Give up a request that is under way."""
        self._exporter.shutdown()
