"""What every process counts and measures, in Prometheus' units and names.

Labels are bounded: they take the names of routes, methods, events and outcomes, never an id, a path or a text of a
client's. An observation touches memory of this process only.
"""

from collections.abc import Callable
from functools import cache, partial
from time import perf_counter
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a further series per counter, which nobody reads

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
VERBS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# Finding the child of some labels costs more than counting, so each is found once.
_requests = cache(Counter("marquee_http_requests_total", "HTTP requests, by the template of their route.",
                          ["method", "route", "status"]).labels)
_request_seconds = cache(Histogram("marquee_http_request_duration_seconds", "Time from an HTTP request to its reply.",
                                   ["route"], buckets=BUCKETS).labels)
_calls = cache(Counter("marquee_calls_total", "Calls that a room served: ok, the refusal's code, or fault.",
                       ["room", "method", "outcome"]).labels)
_call_seconds = cache(Histogram("marquee_call_duration_seconds", "Time that a room took for a call.",
                                ["room", "method"], buckets=BUCKETS).labels)
_events = cache(Counter("marquee_events_handled_total", "Attempts to handle an event: ok, failed or timeout.",
                        ["event", "consumer", "outcome"]).labels)
_event_seconds = cache(Histogram("marquee_event_duration_seconds", "Time that a consumer took for an event.",
                                 ["event", "consumer"], buckets=BUCKETS).labels)
_published = cache(Counter("marquee_events_published_total", "Events that the broker has confirmed.",
                           ["event"]).labels)
CONNECTIONS = Gauge("marquee_connections", "Pooled connections of this process to a server: in_use or idle.",
                    ["room", "server", "state"])
SERVERS = Gauge("marquee_server_answers", "Whether a server answers this process: 1 yes, 0 no.", ["room", "server"])
WORKERS = Gauge("marquee_workers", "Workers of this process: busy or free.", ["room", "state"])


def observe_request(verb: str, route: str, status: int, started: float) -> None:
    """Count an HTTP request that began at `started` (perf_counter), by the template of its route."""
    _requests(verb if verb in VERBS else "other", route, status).inc()
    _request_seconds(route).observe(perf_counter() - started)


def observe_call(room: str, method: str, outcome: str, started: float) -> None:
    """Count a call that a room has served; `outcome`: `ok`, a refusal's code, or the class of an unexpected error."""
    # Codes are in snake_case. Classes could be many, and the log names them.
    _calls(room, method, "fault" if outcome[:1].isupper() else outcome).inc()
    _call_seconds(room, method).observe(perf_counter() - started)


def expect_call(room: str, method: str) -> None:
    """Show that no call of this method has failed: Prometheus sees no increase where a series begins with the first."""
    _calls(room, method, "fault")


def observe_event(event: str, consumer: str, outcome: str, started: float) -> None:
    """Count an attempt to handle an event; `outcome`: `ok`, or the class of the error."""
    _events(event, consumer, {"ok": "ok", "Timeout": "timeout"}.get(outcome, "failed")).inc()
    _event_seconds(event, consumer).observe(perf_counter() - started)


def observe_published(event: str) -> None:
    """Count an event that the broker has taken."""
    _published(event).inc()


def count_after_commit(tx: Any, counter: Counter, amount: int = 1) -> None:
    """Count what this transaction does, once it is committed; nothing if it is rolled back.

    A COMMIT whose answer is lost is not counted: the database decides, and a counter only shows the flow.
    """
    tx.info.setdefault("counts", []).append(partial(counter.inc, amount))


def watch_pool(room: str, server: str, in_use: Callable[[], int], idle: Callable[[], int]) -> None:
    """Show from now on how many connections this room's pool for `server` has in use and idle."""
    CONNECTIONS.labels(room, server, "in_use").set_function(in_use)
    CONNECTIONS.labels(room, server, "idle").set_function(idle)


def watch_server(room: str, server: str, answers: Callable[[], bool]) -> None:
    """Show from now on whether the server answers this room's probe."""
    SERVERS.labels(room, server).set_function(answers)


def watch_workers(room: str, pool: Any) -> None:
    """Show from now on how many workers of this room's green pool are busy and free."""
    WORKERS.labels(room, "busy").set_function(pool.running)
    WORKERS.labels(room, "free").set_function(pool.free)
