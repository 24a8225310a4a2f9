"""The databases and queues of a mesh, as a test reads and changes them behind the rooms' backs."""

import datetime as dt
from functools import cached_property
from typing import Any

import nameko
import redis
from kombu import Connection
from sqlalchemy import Engine, NullPool, create_engine, text

from operations.accounts import passwords
from operations.checks.invariants import check_all
from services.foundation.database import utc_now
from services.foundation.redis_client import connect
from testbed.processes import MeshProcesses
from testbed.waiting import wait_until

LONGEST_TRANSACTION = dt.timedelta(minutes=1)    # what is committed after a check may have been written before it


class MeshDatabases(MeshProcesses):
    """A mesh with direct access to its MariaDB, Redis and RabbitMQ."""

    held_at: dt.datetime | None = None   # when all invariants were seen to hold

    @cached_property
    def _engines(self) -> dict[str, Engine]:
        return {}

    def engine(self, room: str) -> Engine:
        if room not in self._engines:
            # Unasked, PyMySQL reads all the certificates of the system for each connection.
            self._engines[room] = create_engine(self.settings["DB_URIS"][f"{room}:Base"], pool_pre_ping=True,
                                                connect_args={"ssl_disabled": True})
        return self._engines[room]

    def in_queues(self, *names: str) -> int:
        """The number of messages that are ready in these queues; `list_queues` would be some seconds late."""
        with Connection(self.settings["AMQP_URI"]) as connection, connection.channel() as channel:
            return sum(channel.queue_declare(name, passive=True).message_count for name in names)

    def empty_queues(self, *names: str) -> None:
        """Throw away the messages that are ready in these queues."""
        with Connection(self.settings["AMQP_URI"]) as connection, connection.channel() as channel:
            for name in names:
                channel.queue_purge(name)

    def rows(self, room: str, query: str, **values: Any) -> list[Any]:
        with self.engine(room).begin() as tx:
            result = tx.execute(text(query), values)
            return list(result) if result.returns_rows else []

    def room_statements(self, room: str) -> list[str]:
        """What the room's connections to MariaDB are doing at this moment; nobody else's account may see that."""
        password = passwords.read(self.folder, "mariadb")[room]
        own = self.engine(room).url.set(username=f"marquee-{room}", password=password)
        with create_engine(own, connect_args={"ssl_disabled": True}, poolclass=NullPool).connect() as connection:
            return list(connection.execute(text("SELECT info FROM information_schema.processlist "
                                                "WHERE info IS NOT NULL AND id != CONNECTION_ID()")).scalars())

    @cached_property
    def redis(self) -> redis.Redis:
        client: redis.Redis = connect(self.settings["REDIS_URIS"]["marquee"])
        return client

    def check_invariants(self, seconds: float = 90, everything: bool = False) -> None:
        """Fails unless every invariant holds, as `operations check` says, once the mesh has come to rest.

        Looked at is what has changed since they were last seen to hold; `everything`: whatever there is.
        """
        since = self.held_at - LONGEST_TRANSACTION if self.held_at and not everything else None
        found: list[str] = []

        def all_hold() -> bool:
            began = utc_now()
            with nameko.config.patch(self.settings, clear=True):
                found[:] = [str(finding) for finding in check_all(since, passes=1) if finding.breaches]
            self.held_at = self.held_at if found else began
            return not found

        wait_until(all_hold, seconds, found)
