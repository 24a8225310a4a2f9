"""Announcements: hints that something has changed, for instance so that a cache reads it again.

They are transient and may be lost; nothing that must happen depends on them. Events are for that.
"""

import logging
from collections import defaultdict
from typing import Any

import eventlet
from nameko import serialization
from nameko.events import BROADCAST, SERVICE_POOL, EventHandler, get_event_exchange
from nameko.extensions import DependencyProvider, SharedExtension

from schemas.base import Announcement
from services.foundation.amqp import exchanges, publishing
from services.foundation.amqp.cluster import is_cluster
from services.foundation.amqp.draining_consumer import DrainingConsumer

log = logging.getLogger("marquee.announcements")
BATCH_SECONDS = 0.02


class Announcements(SharedExtension):
    """Publishes the announcements of a process. Ids announced within BATCH_SECONDS travel in one message."""

    def __init__(self) -> None:
        super().__init__()
        self._pending: dict[Announcement, set[str]] = defaultdict(set)
        self._wake = eventlet.Event()

    def setup(self) -> None:
        """Declare the room's exchange, so that the first announcement finds it."""
        self._exchange = exchanges.shared(get_event_exchange(self.container.service_name))
        publishing.run_on_channel(lambda channel: self._exchange(channel).declare())

    def start(self) -> None:
        """Publish from now on what has been announced, in a thread of its own."""
        self.container.spawn_managed_thread(self._run, identifier="announcer")

    def announce(self, announcement: Announcement, *ids: str) -> None:
        """Announce that these ids changed: soon, without waiting, and without an error if the broker is down."""
        self._pending[announcement].update(ids)
        if not self._wake.ready():
            self._wake.send()

    def announce_now(self, announcement: Announcement, *ids: str) -> None:
        """Announce, and return once the broker has the message or is found to be down, which is only logged."""
        try:
            publishing.publish(list(ids), exchange=self._exchange, routing_key=announcement.name)
        except (publishing.Unroutable, *publishing.BrokerDown):
            log.warning("could not announce",
                        extra={"announcement": f"{announcement.room}.{announcement.name}", "count": len(ids)})

    def _run(self) -> None:
        while True:
            self._wake.wait()
            eventlet.sleep(BATCH_SECONDS)
            self._wake = eventlet.Event()
            batch, self._pending = self._pending, defaultdict(set)
            for announcement, ids in batch.items():
                self.announce_now(announcement, *ids)


class Announcer(DependencyProvider):
    """Injects the Announcements of the process: `self.announcer.announce(film.BOARDS_COLD, screening_id)`."""

    announcements = Announcements()

    def get_dependency(self, worker_ctx: Any) -> Announcements:
        """The same Announcements for every call."""
        return self.announcements


def announce_from_command(announcement: Announcement, *ids: str) -> bool:
    """Announce on behalf of a room from a command-line process; returns False when the broker is down."""
    exchange = get_event_exchange(announcement.room)
    serialization.setup()  # in a room its container does this
    try:
        publishing.publish(list(ids), exchange=exchange, routing_key=announcement.name, declare=[exchange])
    except publishing.BrokerDown:
        return False
    return True


class AnnouncementHandler(EventHandler):
    """`@on_announcement(ANNOUNCEMENT)` calls the decorated method with the list of ids.

    One process of the room is called; with `everywhere`, each of them.
    """

    consumer_cls = DrainingConsumer

    def __init__(self, announcement: Announcement, everywhere: bool = False) -> None:
        super().__init__(announcement.room, announcement.name, reliable_delivery=False,
                         handler_type=BROADCAST if everywhere else SERVICE_POOL)

    def setup(self) -> None:
        """Connect the consumer, which declares its queue; this ends with its consumers."""
        super().setup()
        self.queue.exchange = exchanges.shared(self.queue.exchange)
        self.queue.durable = not is_cluster()


on_announcement = AnnouncementHandler.decorator
