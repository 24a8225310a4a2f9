"""Whether RabbitMQ and Redis answer, known within two seconds even when one of them hangs."""

import time
from collections.abc import Callable

import eventlet
from eventlet.event import Event
from nameko import config

from gateway.caches.single_flight import SingleFlight
from services.foundation.amqp import publishing
from services.foundation.redis_client import RedisError, connect

PROBE_SECONDS = 2.0


class DependencyProbe:
    """Probes the broker and Redis."""

    def __init__(self) -> None:
        self._redis = connect(config["REDIS_URIS"]["marquee"])
        self._probes: SingleFlight[str, dict[str, bool]] = SingleFlight()

    def ready(self) -> dict[str, bool]:
        """Each server and whether it answers, within PROBE_SECONDS. Callers at the same time share one probe."""
        answers, _ = self._probes.run("ready", self._probe)
        return answers

    def _probe(self) -> dict[str, bool]:
        outcomes = {"broker": _begin(_broker_answers), "redis": _begin(self._redis_answers)}
        until = time.monotonic() + PROBE_SECONDS
        return {name: bool(outcome.wait(timeout=max(0.01, until - time.monotonic())))
                for name, outcome in outcomes.items()}

    def _redis_answers(self) -> bool:
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False


def _broker_answers() -> bool:
    try:
        publishing.run_on_channel(lambda channel: channel.flow(True))  # the broker must answer on that connection
        return True
    except Exception:
        return False


def _begin(probe: Callable[[], bool]) -> Event:
    """The outcome of a probe under way. One that is too late ends by its own timeouts."""
    outcome = Event()
    eventlet.spawn_n(lambda: outcome.send(probe()))
    return outcome
