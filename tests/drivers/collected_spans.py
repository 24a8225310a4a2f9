"""The spans that a running mesh sends to the insight room, taken from the exchange as that room would."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kombu import Connection, Queue

from services.foundation.tracing.insight_exporter import EXCHANGE
from testbed.mesh import Mesh, wait_until


@dataclass(frozen=True)
class Span:
    """A span as it was sent, and the room that sent it."""

    room: str
    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    attributes: dict[str, Any]
    links: list[str]
    text: str

    @property
    def title(self) -> str:
        """Room, kind and name, such as `order server order.buy`."""
        return f"{self.room} {self.kind} {self.name}"


def new_traceparent() -> str:
    """A new trace that its caller wants to be recorded."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def parents(spans: list[Span]) -> dict[str, set[str | None]]:
    """The titles of the spans with those of their parents; None for a parent outside the mesh."""
    titles = {span.span_id: span.title for span in spans}
    found: dict[str, set[str | None]] = {}
    for span in spans:
        found.setdefault(span.title, set()).add(titles.get(str(span.parent_id)))
    return found


class SpanCollector:
    """Takes spans from a queue of its own until the test has found what it looks for."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self.spans: list[Span] = []

    def take(self) -> list[Span]:
        """All spans that have come so far."""
        while message := self._queue.get(no_ack=True):
            batch = json.loads(message.body)
            names = Span.__dataclass_fields__.keys() - {"room", "text"}
            self.spans += [Span(room=batch["room"], text=json.dumps(span), **{name: span[name] for name in names})
                           for span in batch["spans"]]
        return self.spans

    def of(self, traceparent: str, *titles: str) -> list[Span]:
        """The spans of this trace, once those with these titles have come."""
        return self._complete(traceparent, lambda spans: set(titles) - {span.title for span in spans})

    def below(self, traceparent: str, expected: Mapping[str, str | None]) -> list[Span]:
        """The spans of this trace, once each title has come below the title of its parent; it may have namesakes."""
        def strays(spans: list[Span]) -> dict[str, set[str | None]]:
            found = parents(spans)
            return {title: found.get(title, set()) for title, parent in expected.items()
                    if parent not in found.get(title, set())}

        return self._complete(traceparent, strays)

    def _complete(self, traceparent: str, missing: Callable[[list[Span]], object]) -> list[Span]:
        def here() -> list[Span]:
            return [span for span in self.take() if span.trace_id == traceparent[3:35]]

        try:
            return list(wait_until(lambda: None if missing(spans := here()) else spans, 30))
        except AssertionError:
            raise AssertionError(f"missing: {missing(here())}") from None


@contextmanager
def collected_spans(mesh: Mesh) -> Iterator[SpanCollector]:
    """Collect the spans of all processes of the mesh meanwhile."""
    with Connection(mesh.settings["AMQP_URI"]) as connection:
        queue = Queue(f"spans.{secrets.token_hex(8)}", exchange=EXCHANGE, routing_key="#", exclusive=True,
                      auto_delete=True)(connection.default_channel)
        queue.declare()
        yield SpanCollector(queue)
