"""The relay: publishes what stands in a room's outbox, once or more, whatever crashes.

It runs in every process of the room; each takes other rows.
"""

import datetime as dt
import logging
from itertools import groupby
from typing import Any

import eventlet
from eventlet import GreenPool, Timeout
from nameko import config
from nameko.extensions import DependencyProvider
from sqlalchemy import Row, Table
from sqlalchemy.engine import Connection

from schemas.errors import Refusal
from services.foundation.amqp import publishing
from services.foundation.database import CommitUnknown, Database, Transactions, utc_now
from services.foundation.events import outbox, topology

log = logging.getLogger("marquee.relay")
BATCH, AT_ONCE = 100, 10
LONGEST_PAUSE = 30.0
LEAVE_SECONDS = 8
FORGET_EVERY = dt.timedelta(minutes=10)


class Relay(DependencyProvider):
    """`relay = Relay(OUTBOX)` beside `database = Database(Base)` is all a room with events needs."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._wake = eventlet.Event()
        self._leaving = self._declared = False
        self._forgot_at = utc_now()

    def start(self) -> None:
        database = next(each for each in self.container.dependencies if isinstance(each, Database))
        self._database = Transactions(database.engine)
        database.on_event = self.nudge
        self._thread = self.container.spawn_managed_thread(self._run, identifier="relay")

    def nudge(self) -> None:
        """There is something to publish."""
        if not self._wake.ready():
            self._wake.send()

    def stop(self) -> None:
        """Publish what there is, then leave; what can't be published now is for the next process."""
        self._leaving = True
        self.nudge()
        with Timeout(LEAVE_SECONDS, False):
            self._thread.wait()

    def get_dependency(self, worker_ctx: Any) -> "Relay":
        return self

    def _run(self) -> None:
        pause = 0.0
        while True:
            try:
                while self.publish_batch() == BATCH:
                    pass
                self._forget()
                if pause:
                    log.info("events are published again")
                pause = 0.0
            except (publishing.NoRoute, *publishing.BrokerDown, Refusal, CommitUnknown) as problem:
                if not pause:
                    log.warning("events have to wait", extra={"problem": f"{type(problem).__name__}: {problem}"})
                pause, self._declared = min(pause * 2 or 0.5, LONGEST_PAUSE), False
            except Exception:
                log.exception("events can't be published")
                pause, self._declared = min(pause * 2 or 0.5, LONGEST_PAUSE), False
            if self._leaving:
                return
            self._rest(pause)

    def _rest(self, pause: float) -> None:
        """Until there is something to do; while publishing is impossible, for the whole pause."""
        with Timeout(pause or config["events"]["poll_seconds"], False):
            if pause:
                while not self._leaving:
                    self._wake.wait()
                    self._wake = eventlet.Event()
            else:
                self._wake.wait()
        self._wake = eventlet.Event()

    def publish_batch(self) -> int:
        """Publish the oldest events that wait; how many there were. Raises NoRoute, BrokerDown, RoomUnavailable."""
        if not self._declared:
            topology.declare()
            self._declared = True
        found, troubles = self._database.run(self._publish)
        if troubles:
            raise troubles[0]
        return found

    def _publish(self, tx: Connection) -> tuple[int, list[Exception]]:
        rows = outbox.take(tx, self._table, BATCH)
        in_order = sorted(rows, key=lambda row: (row.about, row.sequence))
        batch, pool = Batch(), GreenPool(AT_ONCE)
        for _, events in groupby(in_order, key=lambda row: row.about):
            pool.spawn(batch.publish, list(events))
        pool.waitall()
        outbox.mark_published(tx, self._table, batch.published)
        return len(rows), batch.troubles

    def _forget(self) -> None:
        if utc_now() - self._forgot_at > FORGET_EVERY:
            self._forgot_at = utc_now()
            before = utc_now() - dt.timedelta(days=config["events"]["kept_days"])
            while self._database.run(lambda tx: outbox.forget_published(tx, self._table, before)):
                pass


class Batch:
    """What came of publishing some events: after the first trouble the rest is not tried."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.troubles: list[Exception] = []

    def publish(self, events: list[Row[Any]]) -> None:
        """Publish one thing's events in their order."""
        for event in events:
            if self.troubles:
                return
            try:
                publishing.publish(outbox.envelope(event), exchange=topology.EXCHANGE, routing_key=event.type,
                             mandatory=True, delivery_mode=publishing.PERSISTENT, message_id=event.event_id)
                self.published.append(event.event_id)
            except (publishing.NoRoute, *publishing.BrokerDown) as trouble:
                self.troubles.append(trouble)
