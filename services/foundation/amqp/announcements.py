"""Announcements: hints to whoever cares that some things have changed, e.g. so that a cache looks again.

They are transient and may be lost; nothing that must happen hangs on them.
"""

import logging
from collections import defaultdict
from typing import Any

import eventlet
from kombu.common import maybe_declare
from nameko import serialization
from nameko.events import BROADCAST, SERVICE_POOL, EventHandler, get_event_exchange
from nameko.extensions import DependencyProvider, SharedExtension

from schemas.base import Announcement
from services.foundation.amqp import publishing
from services.foundation.amqp.draining_consumer import DrainingConsumer

log = logging.getLogger("marquee.announcements")
GATHER_SECONDS = 0.02


class Announcements(SharedExtension):
    """What a process announces. Ids announced within GATHER_SECONDS travel in one message."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: dict[Announcement, set[str]] = defaultdict(set)
        self._wake = eventlet.Event()

    def setup(self) -> None:
        self._exchange = get_event_exchange(self.container.service_name)
        with publishing.producer() as producer:
            maybe_declare(self._exchange, producer.channel)

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="announcer")

    def announce(self, announcement: Announcement, *ids: str) -> None:
        """Soon, without waiting, and whatever the broker's state."""
        self._waiting[announcement].update(ids)
        if not self._wake.ready():
            self._wake.send()

    def announce_now(self, announcement: Announcement, *ids: str) -> None:
        """Return when the broker has it, or has been found down (which is logged)."""
        try:
            publishing.publish(list(ids), exchange=self._exchange, routing_key=announcement.name)
        except (publishing.NoRoute, *publishing.BrokerDown):
            log.warning("could not announce",
                        extra={"announcement": f"{announcement.room}.{announcement.name}", "count": len(ids)})

    def _run(self) -> None:
        while True:
            self._wake.wait()
            eventlet.sleep(GATHER_SECONDS)
            self._wake = eventlet.Event()
            gathered, self._waiting = self._waiting, defaultdict(set)
            for announcement, ids in gathered.items():
                self.announce_now(announcement, *ids)


class Announcer(DependencyProvider):
    """Injects the process's Announcements."""

    announcements = Announcements()

    def get_dependency(self, worker_ctx: Any) -> Announcements:
        return self.announcements


def announce_from_a_command(announcement: Announcement, *ids: str) -> bool:
    """Announce for a room from a process that is none; False when the broker is down."""
    exchange = get_event_exchange(announcement.room)
    serialization.setup()  # which a room's container does for itself
    try:
        publishing.publish(list(ids), exchange=exchange, routing_key=announcement.name, declare=[exchange])
    except publishing.BrokerDown:
        return False
    return True


class AnnouncementHandler(EventHandler):
    """`@on_announcement(ANNOUNCEMENT)`: called with the list of ids; `everywhere`: in each process of the room."""

    consumer_cls = DrainingConsumer

    def __init__(self, announcement: Announcement, everywhere: bool = False) -> None:
        super().__init__(announcement.room, announcement.name, reliable_delivery=False,
                         handler_type=BROADCAST if everywhere else SERVICE_POOL)


on_announcement = AnnouncementHandler.decorator
