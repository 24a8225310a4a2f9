"""The databases and queues of a mesh, as a test reads and changes them behind the rooms' backs."""

from functools import cached_property
from typing import Any

import nameko
import redis
from kombu import Connection
from sqlalchemy import Engine, NullPool, create_engine, text

from operations.accounts import passwords
from operations.checks.invariants import check_all
from services.foundation.redis_client import connect
from testbed.processes import MeshProcesses
from testbed.waiting import wait_until


class MeshDatabases(MeshProcesses):
    """A mesh with direct access to its MariaDB, Redis and RabbitMQ."""

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

    def check_invariants(self, seconds: float = 90) -> None:
        """Fails unless every invariant holds, as `operations check` says, once the mesh has come to rest."""
        found: list[str] = []

        def all_hold() -> bool:
            with nameko.config.patch(self.settings, clear=True):
                found[:] = [str(finding) for finding in check_all(passes=1) if finding.breaches]
            return not found

        wait_until(all_hold, seconds, found)
