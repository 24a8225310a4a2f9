"""Spans as other processes send them: single ones, and those of a mesh at work."""

import random
import re
from typing import Any

from kombu import Connection, Exchange

from schemas import insight

Fields = dict[str, Any]
RANDOM = random.Random()
MS = 1000   # in microseconds


def span(**fields: Any) -> Fields:
    """A span that began a moment ago, with what a test does not care about filled in; `attributes` may be given."""
    return {"trace_id": new_trace(), "span_id": f"{RANDOM.getrandbits(64):016x}", "parent_id": None, "links": [],
            "name": "order.buy", "kind": "internal", "started_at": 0, "duration": 5 * MS, "status": "unset",
            "attributes": {}, "events": [], **fields}


def new_trace(source: random.Random = RANDOM) -> str:
    return f"{source.getrandbits(128):032x}"


def batch(room: str, *spans: Fields, **fields: Any) -> Fields:
    """A batch of this room's spans."""
    return {"room": room, "instance": f"{room}-host:1", "dropped": 0, "spans": list(spans), **fields}


def publish(uri: str, *bodies: Any) -> None:
    """Send batches as a room sends them; bytes go as they are."""
    exchange = Exchange(insight.EXCHANGE, type="topic", durable=False)
    with Connection(uri) as connection, connection.channel() as channel:
        exchange(channel).declare()
        producer = connection.Producer(channel)
        for body in bodies:
            room = body["room"] if isinstance(body, dict) and "room" in body else "unknown"
            producer.publish(body, exchange=exchange, routing_key=room, delivery_mode=1,
                             **({"content_type": "application/json", "content_encoding": "utf-8"}
                                if isinstance(body, bytes) else {"serializer": "json"}))


class Trace:
    """A trace that is written down call by call; each step returns its span, for others to begin in it."""

    def __init__(self, source: random.Random, at: int, slow: float = 1.0) -> None:
        """`at`: when it begins. `slow`: by how much everything takes longer."""
        self.random, self.trace_id, self.at, self.slow = source, new_trace(source), at, slow
        self.spans: list[tuple[str, Fields]] = []

    def add(self, room: str, name: str, kind: str, ms: float, parent: Fields | None = None, after: float = 0.2,
            **fields: Any) -> Fields:
        """A span of `room`, so many milliseconds `after` its parent began."""
        attributes = fields.pop("attributes", {})
        started = (parent["started_at"] if parent else self.at) + int(after * MS * self.slow)
        took = int(ms * MS * self.slow * self.random.uniform(0.94, 1.06))
        made = span(trace_id=self.trace_id, parent_id=parent["span_id"] if parent else None, name=name, kind=kind,
                    span_id=f"{self.random.getrandbits(64):016x}", started_at=started, duration=took,
                    attributes=attributes, **fields)
        self.spans.append((room, made))
        return made

    def call(self, caller: str, callee: str, method: str, ms: float, parent: Fields, after: float = 0.5,
             **fields: Any) -> Fields:
        """A call between rooms; returns the span of the room that is called."""
        attributes = {"rpc.system": "nameko", "rpc.service": callee, "rpc.method": method}
        name = f"{callee}.{method}"
        at_caller = self.add(caller, name, "client", ms + 2.4, parent, after, attributes=attributes, **fields)
        return self.add(callee, name, "server", ms, at_caller, 1.1, attributes=attributes, **fields)

    def query(self, room: str, text: str, ms: float, parent: Fields, after: float = 0.4, system: str = "mariadb",
              **fields: Any) -> Fields:
        """A statement or command."""
        verb, table = text.split(" ")[0], re.search(r"\b(?:FROM|INTO|UPDATE) (\w+)", text)
        summary = f"{verb} {table[1]}" if table else verb
        return self.add(room, summary, "client", ms, parent, after, attributes={
            "db.system.name": system, "db.operation.name": verb, "db.query.summary": summary, "db.query.text": text,
            "server.address": "127.0.0.1"}, **fields)

    def event(self, publisher: str, event: str, consumers: dict[str, str], parent: Fields, after: float,
              order_id: str) -> list[Fields]:
        """An event, and the spans of the rooms that consume it."""
        attributes = {"messaging.system": "rabbitmq", "messaging.destination.name": "events", "marquee.event": event,
                      "marquee.order_id": order_id}
        sent = self.add(publisher, f"send {event}", "producer", 1.5, parent, after,
                        attributes=attributes | {"messaging.operation.type": "send"})
        return [self.add(room, f"{room}.{method}", "consumer", 9, sent, 6 + 2 * number,
                         attributes=attributes | {"messaging.operation.type": "process"})
                for number, (room, method) in enumerate(consumers.items())]


def request(trace: Trace, path: str, ms: float, code: int = 200, **attributes: Any) -> Fields:
    """The span of the gateway for a request of a client."""
    return trace.add("gateway", f"POST {path}", "server", ms, after=0, status="error" if code >= 500 else "unset",
                     attributes={"http.request.method": "POST", "http.route": path,
                                 "http.response.status_code": code, **attributes})
