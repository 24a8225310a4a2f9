"""Sends spans to the insight room over AMQP: transient, and dropped by the broker when nobody takes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from kombu import Exchange
from opentelemetry.sdk.trace import ReadableSpan

from schemas import insight
from services.foundation.amqp import exchanges, publishing

EXCHANGE = Exchange(insight.EXCHANGE, type="topic", durable=False)


class InsightExporter:
    """An Exporter. The queue is the insight room's, see schemas/insight."""

    name = "insight"

    def __init__(self, room: str, instance: str) -> None:
        self._room, self._instance = room, instance

    def export(self, spans: Sequence[ReadableSpan], dropped: int) -> None:
        """Publish one message with these spans. Raises one of BrokerDown."""
        body = {"room": self._room, "instance": self._instance, "dropped": dropped,
                "spans": [as_json(span) for span in spans]}
        declare = [] if exchanges.has_own_account() else [EXCHANGE]
        publishing.publish(body, exchange=EXCHANGE, routing_key=self._room, confirm=False, declare=declare)

    def close(self) -> None:
        """Nothing: each publish has a deadline."""


def as_json(span: ReadableSpan) -> dict[str, Any]:
    """A span in plain JSON types; times are in whole microseconds, `started_at` since 1970."""
    here, started = span.context, span.start_time or 0
    return {
        "trace_id": f"{here.trace_id:032x}", "span_id": f"{here.span_id:016x}",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
        "links": [f"{link.context.trace_id:032x}" for link in span.links],
        "name": span.name, "kind": span.kind.name.lower(),
        "started_at": started // 1000, "duration": ((span.end_time or started) - started) // 1000,
        "status": span.status.status_code.name.lower(), "attributes": _plain(span.attributes),
        "events": [{"name": event.name, "at": event.timestamp // 1000, "attributes": _plain(event.attributes)}
                   for event in span.events],
    }


def _plain(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return dict(attributes or {})
