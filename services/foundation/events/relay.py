"""The relay publishes the events in a room's outbox, at least once, whatever crashes.

It runs in every process of the room, and row locks share the work between them. The pattern is known as transactional
outbox with a polling publisher.
"""

import datetime as dt
import logging
from itertools import groupby
from typing import Any

import eventlet
from eventlet import GreenPool, Timeout
from kombu import Exchange
from nameko.extensions import DependencyProvider
from sqlalchemy import Row, Table
from sqlalchemy.engine import Connection

from schemas.errors import Refusal
from services.foundation import metrics
from services.foundation.amqp import exchanges, publishing
from services.foundation.database import CommitUnknown, Database, Transactions, utc_now
from services.foundation.events import outbox, topology
from services.foundation.events.settings import event_settings
from services.foundation.purging import PURGE_SECONDS, purge
from services.foundation.tracing import spans, trace_context

log = logging.getLogger("marquee.relay")
BATCH_SIZE, CONCURRENCY = 100, 10
LONGEST_PAUSE = 30.0
STOP_SECONDS = 8


class Relay(DependencyProvider):
    """Publishes a room's outbox in the background: `relay = Relay(OUTBOX)` beside `database = Database(Base)`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._wake = eventlet.Event()
        self._stopped = eventlet.Event()
        self._declared = False

    def start(self) -> None:
        """Publish from now on, in a thread of its own that every committed event wakes."""
        self._settings = event_settings()
        database = next(each for each in self.container.dependencies if isinstance(each, Database))
        self._database = Transactions(database.engine, is_silent=database.is_silent)
        database.on_event = self.wake
        self._thread = self.container.spawn_managed_thread(self._run, identifier="relay")
        self.container.spawn_managed_thread(self._purge_repeatedly, identifier="purge of the outbox")

    def wake(self) -> None:
        """Look into the outbox now instead of at the next poll."""
        if not self._wake.ready():
            self._wake.send()

    def stop(self) -> None:
        """Publish what the outbox holds, for STOP_SECONDS at most; the next process publishes the rest."""
        if not self._stopping:
            self._stopped.send()
        self.wake()
        with Timeout(STOP_SECONDS, False):
            self._thread.wait()

    def get_dependency(self, worker_ctx: Any) -> "Relay":
        """The provider itself; rooms write to the outbox and need nothing of it."""
        return self

    @property
    def _stopping(self) -> bool:
        return bool(self._stopped.ready())

    def _run(self) -> None:
        pause = 0.0
        while True:
            try:
                while self.publish_batch() == BATCH_SIZE:
                    pass
                if pause:
                    log.info("events are published again")
                pause = 0.0
            except (publishing.Unroutable, *publishing.BrokerDown, Refusal, CommitUnknown) as problem:
                if not pause:
                    log.warning("publishing is paused", extra={"problem": f"{type(problem).__name__}: {problem}"})
                pause, self._declared = min(pause * 2 or 0.5, LONGEST_PAUSE), False
            except Exception:
                log.exception("events can't be published")
                pause, self._declared = min(pause * 2 or 0.5, LONGEST_PAUSE), False
            if self._stopping:
                return
            self._sleep(pause)

    def _sleep(self, pause: float) -> None:
        """Sleep until the next wake or poll; while publishing is impossible, for the whole pause."""
        with Timeout(pause or self._settings.poll_seconds, False):
            if pause:
                while not self._stopping:
                    self._wake.wait()
                    self._wake = eventlet.Event()
            else:
                self._wake.wait()
        self._wake = eventlet.Event()

    def publish_batch(self) -> int:
        """Publish up to BATCH_SIZE of the oldest waiting events; returns how many there were.

        Those that the broker has confirmed are marked, even if a later one fails. Raises the first failure: Unroutable,
        one of BrokerDown, RoomUnavailable without a database, or CommitUnknown.
        """
        if not self._declared:
            topology.declare()
            self._declared = True
        found, failures = self._database.run(self._publish)
        if failures:
            raise failures[0]
        return found

    def _publish(self, tx: Connection) -> tuple[int, list[Exception]]:
        rows = outbox.lock_unpublished(tx, self._table, BATCH_SIZE)
        in_order = sorted(rows, key=lambda row: (row.about, row.sequence))
        batch, pool = Batch(exchanges.for_events(self.container.service_name)), GreenPool(CONCURRENCY)
        for _, events in groupby(in_order, key=lambda row: row.about):
            pool.spawn(batch.publish, list(events))
        pool.waitall()
        outbox.mark_published(tx, self._table, batch.published)
        return len(rows), batch.failures

    def _purge_repeatedly(self) -> None:
        """Purge in a thread of its own: a long purge must not keep new events waiting."""
        while not self._stopping:
            self.purge()
            with Timeout(PURGE_SECONDS, False):
                self._stopped.wait()

    def purge(self) -> int:
        """Delete the events that were published `events.kept_days` ago; returns how many."""
        before = utc_now() - dt.timedelta(days=self._settings.kept_days)
        return purge(self._database, lambda: self._stopping,
                     lambda tx: outbox.purge_published(tx, self._table, before))


class Batch:
    """The outcome of publishing some events; after the first failure the rest is not tried."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.published: list[str] = []
        self.failures: list[Exception] = []

    def publish(self, events: list[Row[Any]]) -> None:
        """Publish the events of one thing in their order, and note the confirmed ones in `published`."""
        for event in events:
            if self.failures:
                return
            try:
                _publish(event, self._exchange)
                self.published.append(event.event_id)
                metrics.observe_published(event.type)
            except (publishing.Unroutable, *publishing.BrokerDown) as problem:
                self.failures.append(problem)


def _publish(event: Row[Any], exchange: Exchange) -> None:
    message = outbox.envelope(event)
    with spans.following(message["trace"].get("traceparent"), f"publish {event.type}", {"marquee.event": event.type}):
        here = trace_context.traceparent()
        publishing.publish(message, exchange=exchange, routing_key=event.type, mandatory=True,
                           delivery_mode=publishing.PERSISTENT, message_id=event.event_id,
                           headers={"traceparent": here} if here else {})
