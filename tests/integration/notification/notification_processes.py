"""A house as its post sees it: events come in, messages go out."""

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
from tests.integration.foundation.conftest import RunRoom
from tests.integration.foundation.processes import Process
from tests.integration.notification.received_emails import ReceivedEmail, received_emails
from tests.unit.notification.facts import facts

# As in config.yml, but in a hurry.
QUICK: dict[str, Any] = {"pauses": [0.1, 0.3], "tries": 50, "handler_seconds": 20, "poll_seconds": 0.2, "kept_days": 30,
         "audit_length": 10000}


@dataclass
class House:
    servers: Mesh
    run_room: RunRoom
    folder: Path
    _running: list[Process] = field(default_factory=list)
    _kept: list[threading.Thread] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self, smtp_port: int | None = None, tries: int = 30, pauses: tuple[float, ...] = (0.2, 0.5),
            **wishes: Any) -> Process:
        """A process of the room. Without an SMTP port its messages are files."""
        mine = self.servers.settings["notification"]
        smtp = {**mine["smtp"], "host": "127.0.0.1" if smtp_port else None, "port": smtp_port, "security": "none"}
        mine = {**mine, "post": None, "smtp": smtp, "tries": tries, "pauses": list(pauses), "send_seconds": 0.2}
        defined = {"events": {**self.servers.settings["events"], **QUICK}, "notification": mine, "wishes": wishes}
        options = [part for name, value in defined.items() for part in ("--define", f"{name}={json.dumps(value)}")]
        self._running.append(self.run_room("tests.integration.notification.mortal_room", *options,
                                           MARQUEE_RUN=self.folder))
        return self._running[-1]

    def keep(self, count: int, **wishes: Any) -> None:
        """So many processes, each started again whenever it dies, as the supervisor does."""
        def revive(process: Process) -> None:
            while not self._over.wait(0.05):
                if not process.is_alive:
                    process.start()

        for process in [self.run(**wishes) for _ in range(count)]:
            self._kept.append(threading.Thread(target=revive, args=(process,), daemon=True))
            self._kept[-1].start()

    def let_go(self) -> None:
        self._over.set()
        for thread in self._kept:
            thread.join()

    # --- what happens ---

    def account(self, email: str | None = "ada@mail.example", confirmed: bool = True) -> str:
        user_id, now = new_id(), utc_now().replace(tzinfo=None)
        self.servers.rows("user", "INSERT INTO user (user_id, username, folded, password_hash, email, "
                                  "email_confirmed_at, roles, created_at) VALUES (:u, :u, :u, '!', :e, :c, '[]', :now)",
                          u=user_id, e=email, c=now if email and confirmed else None, now=now)
        return user_id

    def envelopes(self, count: int, buyer_id: str, event: Event = order.PAID,
                  **changes: Any) -> list[dict[str, Any]]:
        """Such events, about an order each."""
        return [{"event_id": new_id(), "type": event.type, "version": event.version, "sequence": 3, "about": about,
                 "occurred_at": utc_now().isoformat(), "trace": {},
                 "body": event.dump(facts(order_id=about, buyer_id=buyer_id, **changes))}
                for about in (new_id() for _ in range(count))]

    def publish(self, envelopes: list[dict[str, Any]], times: tuple[int, int] = (1, 1)) -> int:
        """Each so many times, in any order, as relays do that die before their marks; returns how many in all."""
        copies = [envelope for envelope in envelopes for _ in range(random.randint(*times))]
        random.shuffle(copies)
        for envelope in copies:
            publishing.publish(envelope, exchange=topology.EXCHANGE, routing_key=envelope["type"], mandatory=True,
                         delivery_mode=publishing.PERSISTENT, message_id=envelope["event_id"])
        return len(copies)

    # --- what comes of it ---

    @property
    def files(self) -> list[ReceivedEmail]:
        return received_emails(self.folder / "messages")

    def statuses(self) -> dict[str, int]:
        return {row.status: row.n for row in self.servers.rows(
            "notification", "SELECT status, COUNT(*) AS n FROM message GROUP BY status")}

    def taken(self) -> int:
        """Events in the inbox."""
        return int(self.servers.rows("notification", "SELECT COUNT(DISTINCT event_id) FROM inbox")[0][0])

    def unread(self) -> int:
        """Events that no process has in hand."""
        return self.servers.in_queues(*(each.queue_name for each in subscriptions_of(Notification)),
                                      *(f"events.wait.{pause:g}s" for pause in QUICK["pauses"]))

    def wait_for(self, count: int, seconds: float = 60) -> None:
        """So many messages sent, and nothing left to do."""
        wait_until(lambda: self.statuses().get("sent", 0) >= count, seconds, f"{count} messages")
        wait_until(lambda: self.unread() == 0, seconds, "the consumers")
        wait_until(lambda: not self.statuses().get("waiting"), seconds, "the post")

    def finish(self) -> None:
        """Until no event is left when the rooms have left, so that nothing more comes of any."""
        while True:
            wait_until(lambda: self.unread() == 0, 60, "the consumers")
            self.let_go()
            for process in self._running:
                if process.is_alive:
                    process.stop()
            if self.unread() == 0:
                return
            self.run()

    def clear(self) -> None:
        for table in ("message", "inbox"):
            self.servers.rows("notification", f"DELETE FROM {table}")
        self.servers.redis.delete("noted", "deaths")
        found = list(subscriptions_of(Notification))
        topology.declare(found)
        with publishing.producer() as producer:
            for subscription in found:
                subscription.queue(producer.channel).purge()

    def sql(self, statement: str) -> None:
        with self.servers.engine("notification").begin() as tx:
            tx.execute(text(statement))
