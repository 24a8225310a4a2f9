"""Each room tells the bus, every two seconds, that it is there and what it serves."""

import logging
import uuid
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import eventlet
from kombu.common import maybe_declare
from nameko.events import BROADCAST, EventHandler, get_event_exchange
from nameko.extensions import DependencyProvider
from nameko.rpc import Rpc

from services.foundation.amqp import publishing
from services.foundation.amqp.draining_consumer import DrainingConsumer

log = logging.getLogger("marquee.presence")
EVERY_SECONDS = 2.0
FORGOTTEN_AFTER_SECONDS = 7.0


def marquee_version() -> str:
    try:
        return version("marquee")
    except PackageNotFoundError:
        return "0.1.0"


class Presence(DependencyProvider):
    def setup(self) -> None:
        self._exchange = get_event_exchange("presence")
        self._instance = uuid.uuid4().hex[:12]
        with publishing.producer() as producer:
            maybe_declare(self._exchange, producer.channel)

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self._run, identifier="presence")

    def stop(self) -> None:
        self._thread.kill()
        self._say(leaving=True)

    def get_dependency(self, worker_ctx: Any) -> "Presence":
        return self

    def _run(self) -> None:
        # A room that said so any earlier would be called before it has a queue.
        for entrypoint in self.container.entrypoints:
            if isinstance(entrypoint, Rpc):
                entrypoint.rpc_consumer.consumer.wait_until_consumer_ready()
        while True:
            self._say(leaving=False)
            eventlet.sleep(EVERY_SECONDS)

    def _say(self, leaving: bool) -> None:
        container = self.container
        body = {
            "room": container.service_name,
            "instance": self._instance,
            "version": marquee_version(),
            "methods": sorted(e.method_name for e in container.entrypoints if isinstance(e, Rpc)),
            "leaving": leaving,
        }
        try:
            publishing.publish(body, exchange=self._exchange, routing_key="heard")
        except Exception as problem:
            log.warning("could not tell the bus", extra={"problem": type(problem).__name__})


class PresenceHandler(EventHandler):
    """`@on_presence`: called with each room's words, in each process."""

    consumer_cls = DrainingConsumer

    def __init__(self) -> None:
        super().__init__("presence", "heard", handler_type=BROADCAST, reliable_delivery=False)


on_presence: Callable[..., Any] = PresenceHandler.decorator
