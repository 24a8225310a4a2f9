"""Whether RabbitMQ and Redis answer, found out in a moment even when one of them hangs."""

import time
from collections.abc import Callable

import eventlet
from eventlet.event import Event
from nameko import config
from redis import Redis
from redis.exceptions import RedisError

from gateway.caching.single_flight import Flights
from services.foundation.amqp import publishing
from services.foundation.redis_client import OPTIONS

PROBE_SECONDS = 2.0


class Servers:
    def __init__(self) -> None:
        self._redis = Redis.from_url(config["REDIS_URIS"]["marquee"], **OPTIONS)
        self._flights: Flights[str, dict[str, bool]] = Flights()

    def ready(self) -> dict[str, bool]:
        """Each server and whether it answers, within PROBE_SECONDS; many who ask at once share one probe."""
        answer, _ = self._flights.join("ready", self._probe)
        return answer

    def _probe(self) -> dict[str, bool]:
        arrivals = {"broker": _begin(_broker_answers), "redis": _begin(self._redis_answers)}
        until = time.monotonic() + PROBE_SECONDS
        return {name: bool(arrival.wait(timeout=max(0.01, until - time.monotonic())))
                for name, arrival in arrivals.items()}

    def _redis_answers(self) -> bool:
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False


def _broker_answers() -> bool:
    try:
        publishing.run_on_channel(lambda channel: channel.flow(True))  # the broker must answer on this very connection
        return True
    except Exception:
        return False


def _begin(probe: Callable[[], bool]) -> Event:
    """The probe, under way; one that comes too late ends by its own time-outs."""
    arrival = Event()
    eventlet.spawn_n(lambda: arrival.send(probe()))
    return arrival
