"""What spans say of the mesh: who called whom, how long it took, and which span is a trace's root. Pure: no I/O."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Fields = dict[str, Any]
MINUTE = 60_000_000   # microseconds
AHEAD = 5 * MINUTE    # that another machine's clock may be ahead
BUCKETS_A_DOUBLING = 4
MOST_ATTRIBUTES, LONGEST_VALUE, LONGEST_NAME, MOST_EVENTS = 48, 500, 120, 8
CLIENTS = "clients"
PEERS = ("rpc.service", "marquee.peer", "db.system.name", "messaging.system")  # the first that a span has


class Edge(NamedTuple):
    """A call, statement or message that went from one node to another."""

    caller: str
    callee: str


class Flow(NamedTuple):
    """What went along an edge in one minute and took about the same time, by its `bucket`."""

    minute: int
    caller: str
    callee: str
    bucket: int


def is_current(span: Fields, now: int, kept: int) -> bool:
    """Whether a span is neither older than what is kept nor from the future; all in microseconds."""
    return bool(now - kept <= span["started_at"] <= now + AHEAD)


def edge_of(room: str, span: Fields) -> Edge | None:
    """Which edge a span of `room` is; None for work inside a room, and for calls seen from their other end."""
    attributes = span["attributes"]
    if span["kind"] == "server":
        return Edge(CLIENTS, room) if "http.request.method" in attributes else None
    peer = next((str(attributes[name])[:64] for name in PEERS if attributes.get(name)), None)
    if peer is None or peer == room:
        return None
    if span["kind"] == "consumer":
        return Edge(peer, room)
    return Edge(room, peer) if span["kind"] in ("client", "producer") else None


def bucket(duration: int) -> int:
    """The number of the bucket of a duration in microseconds: each is a fifth wider than the one before."""
    return math.ceil(BUCKETS_A_DOUBLING * math.log2(duration)) if duration > 1 else 0


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """A duration in microseconds that `share` of the calls did not exceed, from their number by bucket.

    It is right to a tenth, as the middle of its bucket. None: there were no calls.
    """
    wanted = share * sum(counts.values())
    reached = 0
    for number in sorted(counts):
        reached += counts[number]
        if counts[number] and reached >= wanted:
            return round(2 ** ((number - 0.5) / BUCKETS_A_DOUBLING)) if number else 1
    return None


def flows(room: str, spans: Iterable[Fields]) -> dict[Flow, Fields]:
    """How many `calls` and `errors` these spans of a room are, by edge, minute and bucket."""
    found: dict[Flow, Fields] = {}
    for span in spans:
        if edge := edge_of(room, span):
            key = Flow(span["started_at"] // MINUTE, *edge, bucket(span["duration"]))
            count = found.setdefault(key, {"calls": 0, "errors": 0})
            count["calls"] += 1
            count["errors"] += span["status"] == "error"
    return found


def summaries(room: str, spans: Iterable[Fields]) -> Iterator[Fields]:
    """What these spans of a room say of each of their traces; the earliest of them may be its root."""
    traces: dict[str, list[Fields]] = defaultdict(list)
    for span in spans:
        traces[span["trace_id"]].append(span)
    for trace_id, parts in traces.items():
        root = min(parts, key=lambda span: (span["started_at"], span["parent_id"] is not None))
        yield {"trace_id": trace_id, "name": root["name"][:LONGEST_NAME], "room": room,
               "started_at": root["started_at"], "duration": root["duration"],
               "ended_at": max(span["started_at"] + span["duration"] for span in parts),
               "status_code": _status_code(root["attributes"]),
               "spans": len(parts), "errors": sum(span["status"] == "error" for span in parts)}


def _status_code(attributes: Fields) -> int | None:
    found = attributes.get("http.response.status_code")
    return found if isinstance(found, int) and 100 <= found < 1000 else None


def slimmed(attributes: Fields) -> Fields:
    """Attributes of a bearable size: so many of them, and long texts cut."""
    some = list(attributes.items())[:MOST_ATTRIBUTES]
    return {name[:LONGEST_NAME]: value[:LONGEST_VALUE] if isinstance(value, str) else value for name, value in some
            if isinstance(value, str | int | float | bool)}


def slimmed_events(events: list[Fields]) -> list[Fields]:
    """The first events of a span, with attributes of a bearable size."""
    return [{"name": event["name"][:LONGEST_NAME], "at": event["at"], "attributes": slimmed(event["attributes"])}
            for event in events[:MOST_EVENTS]]


def cursor(started_at: int, trace_id: str) -> str:
    """The place in the list after this trace, in 32 hex digits."""
    return f"{started_at:014x}{trace_id[:18]}"


def place(cursor: str) -> tuple[int, str]:
    """What `cursor` was made of: a moment in microseconds, and the beginning of a trace id."""
    return int(cursor[:14], 16), cursor[14:]


# --- the picture, from the flows of some time ---


class CallStatistics:
    """Adds up flows, and says how many, how fast and how bad they are."""

    def __init__(self) -> None:
        self.calls: Counter[int] = Counter()
        self.errors = 0

    def add(self, number: int, calls: int, errors: int) -> None:
        """Count calls of the bucket with this number."""
        self.calls[number] += calls
        self.errors += errors

    def over(self, minutes: float) -> Fields:
        """The statistics as schemas.insight.topology.Flow has them, for calls of so many minutes."""
        calls = sum(self.calls.values())
        return {"calls_a_minute": round(calls / minutes, 3),
                "error_share": round(self.errors / calls, 4) if calls else 0,
                "p50": percentile(self.calls, 0.5), "p95": percentile(self.calls, 0.95)}
