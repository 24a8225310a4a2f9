"""The news room as a test sees it: its processes, its tables and its queues."""

import json
import signal
import threading
from dataclasses import dataclass, field
from typing import Any

from kombu import Queue
from sqlalchemy import Engine, text

from operations.event_commands import dead_messages
from services.foundation.amqp import publishing
from services.foundation.database import Transactions
from services.foundation.events import outbox, topology
from services.foundation.events.topology import Subscription
from testbed.mesh import wait_until
from tests.drivers.processes import Process
from tests.integration.foundation.conftest import RunRoom, wait_for_room

# As in config.yml, but in a hurry.
QUICK = {"pauses": [0.1, 0.3], "tries": 5, "at_once": 5, "handler_seconds": 20, "poll_seconds": 0.2,
         "kept_days": 30}
# Gets a copy of everything.
AUDIT = Queue("audit of a test", exchange=topology.EXCHANGE, routing_key="news.#")


@dataclass
class News:
    run_room: RunRoom
    client: Any
    database: Engine
    subscription: Subscription
    _kept: list[threading.Thread] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self, settings: dict[str, Any] | None = None, ready: bool = True, environment: dict[str, Any] | None = None,
            heartbeat: int = 20, **wishes: Any) -> Process:
        """A process of the room with these wishes and settings of events."""
        process = self.run_room("news_room", "--define", f"events={json.dumps({**QUICK, **(settings or {})})}",
                                "--define", f"HEARTBEAT={heartbeat}", "--define", f"news={json.dumps(wishes)}",
                                **(environment or {}))
        if ready:
            wait_for_room(self.client, "news", process)
        return process

    def keep(self, count: int = 1, **wishes: Any) -> list[Process]:
        """So many processes, each of them restarted when it dies, as the supervisor does."""
        processes = [self.run(**wishes, ready=False) for _ in range(count)]
        wait_for_room(self.client, "news", processes[0])

        def revive(process: Process) -> None:
            while not self._over.wait(0.05):
                if not process.is_alive:
                    process.start()

        for process in processes:
            self._kept.append(threading.Thread(target=revive, args=(process,), daemon=True))
            self._kept[-1].start()
        return processes

    def let_go(self) -> None:
        self._over.set()
        for thread in self._kept:
            thread.join()

    def happen(self, *about: str) -> None:
        self.client.news.happen(about=list(about))

    def write(self, *about: str) -> None:
        """Write events without a process of the room."""
        from tests.integration.foundation.news_room import HAPPENED, OUTBOX

        def write(tx: Any) -> None:
            for name in about:
                outbox.write(tx, OUTBOX, HAPPENED, about=name, sequence=1, body={"text": "written"})

        Transactions(self.database.execution_options(isolation_level="READ COMMITTED")).run(write)

    # --- what came of it ---

    def rows(self, query: str) -> list[Any]:
        with self.database.connect() as connection:
            result = connection.execute(text(query))
            return list(result) if result.returns_rows else []

    @property
    def effects(self) -> list[str]:
        return [row.about for row in self.rows("SELECT about FROM effect ORDER BY about")]

    @property
    def waiting(self) -> int:
        """Events that are not marked as published."""
        return int(self.rows("SELECT COUNT(*) FROM outbox WHERE published_at IS NULL")[0][0])

    def count(self, queue: str) -> int:
        """The number of messages that are ready in a queue."""
        return int(publishing.run_on_channel(lambda channel: channel.queue_declare(queue, passive=True)).message_count)

    @property
    def published(self) -> int:
        """How many messages were published since the test began, repetitions included."""
        return self.count(AUDIT.name)

    def dead(self) -> list[Any]:
        return dead_messages(self.subscription, 99)

    def wait_for(self, *about: str, seconds: float = 60) -> None:
        wait_until(lambda: self.effects == sorted(about), seconds, "each effect, once")

    def rest(self, *processes: Process) -> None:
        """Let the room handle all events, then stop it; afterwards no event has a further effect.

        A process that was to die may do so over the events in its hands: then another one handles them.
        """
        wait_until(lambda: not self.waiting, 60, "the relay")
        wait_until(lambda: self.count(self.subscription.queue_name) == 0, 60, "the consumers")
        self.let_go()
        for process in processes:
            process.stop()
        if self._died(*processes):
            self.rest(self.run())
        assert self.count(self.subscription.queue_name) == 0  # nor was anything in hand

    @staticmethod
    def _died(*processes: Process) -> bool:
        return any(process.popen.returncode == -signal.SIGKILL for process in processes)

    def clear(self) -> None:
        """Empty its queues."""
        for queue in (self.subscription.queue, self.subscription.dead_queue, AUDIT):
            publishing.run_on_channel(lambda channel, queue=queue: queue(channel).delete())
        topology.declare([self.subscription])
        publishing.run_on_channel(lambda channel: AUDIT(channel).declare())
