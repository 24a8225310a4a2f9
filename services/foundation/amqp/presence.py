"""Presence: each process of a room publishes every two seconds that it is up, which methods it serves, and which of the
servers that it needs do not answer.
"""

import logging
import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from eventlet import Event, Timeout
from nameko.events import BROADCAST, EventHandler, get_event_exchange
from nameko.extensions import DependencyProvider
from nameko.rpc import Rpc

from services.foundation.amqp import exchanges, publishing
from services.foundation.amqp.cluster import is_cluster
from services.foundation.amqp.draining_consumer import DrainingConsumer
from services.foundation.readiness.probe import probes_of, silent_servers

log = logging.getLogger("marquee.presence")
PUBLISH_SECONDS = 2.0
FORGOTTEN_AFTER_SECONDS = 7.0


@cache
def marquee_version() -> str:
    """The version of the installed package, or 0.1.0 in a source tree that is not installed."""
    try:
        return version("marquee")
    except PackageNotFoundError:
        return "0.1.0"


class Presence(DependencyProvider):
    """Publishes the presence of this process from its start to its stop: `presence = Presence()` in a room."""

    def setup(self) -> None:
        """Choose the id of this process. The broker may be away: the gateway starts without it, to say so."""
        self._exchange = exchanges.shared(get_event_exchange("presence"))
        self._instance = uuid.uuid4().hex[:12]
        self._news = Event()

    def start(self) -> None:
        """Publish from now on, in a thread of its own, and at once when a server falls silent or answers again."""
        for probe in probes_of(self.container):
            probe.listen(self._hurry)
        self._thread = self.container.spawn_managed_thread(self._run, identifier="presence")

    def stop(self) -> None:
        """Publish that this process is leaving, so that callers turn to another at once."""
        self._thread.kill()
        self._publish(leaving=True)

    def get_dependency(self, worker_ctx: Any) -> "Presence":
        """The provider itself."""
        return self

    def _run(self) -> None:
        self.container.wait_until_started()  # any earlier, it would be called before it has a queue
        while True:
            self._news = Event()
            self._publish(leaving=False)
            with Timeout(PUBLISH_SECONDS, False):
                self._news.wait()

    def _hurry(self) -> None:
        if not self._news.ready():
            self._news.send()

    def publish_presence(self) -> None:
        """Publish at once that something has changed about this process."""
        self._publish(leaving=False)

    def _publish(self, leaving: bool) -> None:
        container = self.container
        body = {
            "room": container.service_name,
            "instance": self._instance,
            "version": marquee_version(),
            "methods": sorted(e.method_name for e in container.entrypoints if isinstance(e, Rpc)),
            "circuits": circuits_of(container),
            "silent_servers": silent_servers(container),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "config": asdict(container.reloader.state),
            "leaving": leaving,
        }
        try:
            publishing.publish(body, exchange=self._exchange, routing_key="heard", declare=[self._exchange])
        except Exception as problem:
            log.warning("could not publish presence", extra={"problem": type(problem).__name__})


def circuits_of(container: Any) -> dict[str, str]:
    """The state of the circuit to each room that this container's process calls."""
    callers = [each for each in container.dependencies if hasattr(each, "circuits")]
    return dict(callers[0].circuits.states()) if callers else {}


class PresenceHandler(EventHandler):
    """`@on_presence()` calls the decorated method, in each process, with every presence message as a dict.

    Its keys are `room`, `instance`, `host`, `pid`, `version`, `methods`, `circuits`, `silent_servers` (their names),
    `config` (see reloading.Reload) and `leaving`.
    """

    consumer_cls = DrainingConsumer

    def __init__(self) -> None:
        super().__init__("presence", "heard", handler_type=BROADCAST, reliable_delivery=False)

    def setup(self) -> None:
        """Connect the consumer, which declares its queue; this ends with its consumer."""
        super().setup()
        self.queue.exchange = exchanges.shared(self.queue.exchange)
        self.queue.durable = not is_cluster()


on_presence: Callable[..., Any] = PresenceHandler.decorator
