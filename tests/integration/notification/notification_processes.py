"""Processes of the notification room, the events that they get, and the messages that they send."""

import json
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from operations.event_commands import subscriptions_of
from schemas import order
from schemas.base import Event
from services.foundation.amqp import publishing
from services.foundation.database import utc_now
from services.foundation.events import topology
from services.foundation.ids import new_id
from services.notification.service import Notification
from testbed.mesh import Mesh, wait_until
from tests.drivers.processes import Process
from tests.drivers.received_emails import ReceivedEmail, received_emails
from tests.integration.foundation.conftest import RunRoom
from tests.unit.notification.samples import facts

# As in config.yml, but with short pauses.
QUICK: dict[str, Any] = {"pauses": [0.1, 0.3], "tries": 50, "handler_seconds": 20, "poll_seconds": 0.2, "kept_days": 30,
         "audit_length": 10000}


@dataclass
class NotificationProcesses:
    """Starts and stops processes of the room on the servers of the run; their messages are files, or go by SMTP."""

    servers: Mesh
    run_room: RunRoom
    folder: Path
    _running: list[Process] = field(default_factory=list)
    _restarters: list[threading.Thread] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self, smtp_port: int | None = None, tries: int = 30, pauses: tuple[float, ...] = (0.2, 0.5),
            mails_an_hour: int = 100_000, **deaths: Any) -> Process:
        """Start a process; without an SMTP port its messages are files. `deaths`: when it dies, for dying_room."""
        section = self.servers.settings["notification"]
        smtp = {**section["smtp"], "host": "127.0.0.1" if smtp_port else None, "port": smtp_port, "security": "none"}
        section = {**section, "post": None, "smtp": smtp, "tries": tries, "pauses": list(pauses), "send_seconds": 0.2,
                   "mails_an_hour": mails_an_hour}
        defined = {"events": {**self.servers.settings["events"], **QUICK}, "notification": section, "deaths": deaths}
        options = [part for name, value in defined.items() for part in ("--define", f"{name}={json.dumps(value)}")]
        self._running.append(self.run_room("tests.integration.notification.dying_room", *options,
                                           MARQUEE_RUN=self.folder))
        return self._running[-1]

    def run_for_ever(self, count: int, **deaths: Any) -> None:
        """Start that many processes, each again whenever it dies, as the supervisor does."""
        def revive(process: Process) -> None:
            while not self._over.wait(0.05):
                if not process.is_alive:
                    process.start()

        for process in [self.run(**deaths) for _ in range(count)]:
            self._restarters.append(threading.Thread(target=revive, args=(process,), daemon=True))
            self._restarters[-1].start()

    def stop_restarting(self) -> None:
        """Let processes that die stay dead."""
        self._over.set()
        for thread in self._restarters:
            thread.join()

    # --- events ---

    def account(self, email: str | None = "ada@mail.example", confirmed: bool = True) -> str:
        user_id, now = new_id(), utc_now().replace(tzinfo=None)
        self.servers.rows("user", "INSERT INTO user (user_id, username, folded, password_hash, email, "
                                  "email_confirmed_at, roles, created_at) VALUES (:u, :u, :u, '!', :e, :c, '[]', :now)",
                          u=user_id, e=email, c=now if email and confirmed else None, now=now)
        return user_id

    def envelopes(self, count: int, buyer_id: str, event: Event = order.PAID,
                  **changes: Any) -> list[dict[str, Any]]:
        """That many events of one type, each about an order of its own."""
        return [{"event_id": new_id(), "type": event.type, "version": event.version, "sequence": 3, "about": about,
                 "occurred_at": utc_now().isoformat(), "trace": {},
                 "body": event.dump(facts(order_id=about, buyer_id=buyer_id, **changes))}
                for about in (new_id() for _ in range(count))]

    def publish(self, envelopes: list[dict[str, Any]], times: tuple[int, int] = (1, 1)) -> int:
        """Publish each event between `times` times, shuffled, as dying relays do; returns the number of copies."""
        copies = [envelope for envelope in envelopes for _ in range(random.randint(*times))]
        random.shuffle(copies)
        for envelope in copies:
            publishing.publish(envelope, exchange=topology.EXCHANGE, routing_key=envelope["type"], mandatory=True,
                         delivery_mode=publishing.PERSISTENT, message_id=envelope["event_id"])
        return len(copies)

    # --- messages ---

    @property
    def files(self) -> list[ReceivedEmail]:
        return received_emails(self.folder / "messages")

    def statuses(self) -> dict[str, int]:
        return {row.status: row.n for row in self.servers.rows(
            "notification", "SELECT status, COUNT(*) AS n FROM message GROUP BY status")}

    def inbox_size(self) -> int:
        """How many events are in the inbox."""
        return int(self.servers.rows("notification", "SELECT COUNT(DISTINCT event_id) FROM inbox")[0][0])

    def unread(self) -> int:
        """How many copies of events wait in queues."""
        return self.servers.in_queues(*(each.queue_name for each in subscriptions_of(Notification)),
                                      *(f"events.wait.{pause:g}s" for pause in QUICK["pauses"]))

    def wait_for(self, count: int, seconds: float = 120) -> None:
        """Wait until that many messages are sent, and nothing is left to do."""
        wait_until(lambda: self.statuses().get("sent", 0) >= count, seconds, f"{count} messages")
        wait_until(lambda: self.unread() == 0, seconds, "the consumers")
        wait_until(lambda: not self.statuses().get("waiting"), seconds, "the sender")

    def finish(self) -> None:
        """Stop all processes once no event is left, not even one returned by a process that stopped."""
        while True:
            wait_until(lambda: self.unread() == 0, 120, "the consumers")
            self.stop_restarting()
            for process in self._running:
                if process.is_alive:
                    process.stop()
            if self.unread() == 0:
                return
            self.run()

    def clear(self) -> None:
        """Empty the tables, counters and queues."""
        for table in ("message", "inbox"):
            self.servers.rows("notification", f"DELETE FROM {table}")
        self.servers.redis.delete("noted", "deaths")
        found = list(subscriptions_of(Notification))
        topology.declare(found)
        publishing.run_on_channel(lambda channel: [subscription.queue(channel).purge() for subscription in found])

    def execute(self, statement: str) -> None:
        with self.servers.engine("notification").begin() as tx:
            tx.execute(text(statement))
