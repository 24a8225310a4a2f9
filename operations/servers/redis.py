"""Redis: refuses writes instead of evicting seats, and loses at most the writes of a second."""

from redis.exceptions import AuthenticationError, AuthorizationError

from operations.atomic_files import write_private
from operations.servers.base import AccountRefused, Server
from operations.supervision.programs import Program
from services.foundation.redis_client import connect

SETTINGS = """\
bind {bind}
port {port}
requirepass "{password}"
dir .
maxmemory-policy noeviction
appendonly yes
appendfsync everysec
save ""
# The title would overwrite the environment, by which ./stop.sh recognizes the process.
set-proc-title no
"""


class Redis(Server):
    name = "redis"
    title = "Redis"
    setting = "REDIS_URIS"
    default_port = 6379
    executable = "redis-server"

    def open_session(self) -> None:
        for uri in self.uris:
            client = connect(uri)
            try:
                client.ping()
            except (AuthenticationError, AuthorizationError) as refusal:
                raise AccountRefused(str(refusal)) from None
            finally:
                client.close()

    def prepare(self) -> Program:
        quoted = self.password.replace("\\", "\\\\").replace('"', '\\"')
        write_private(self.folder / "redis.conf", SETTINGS.format(bind=self.bind, port=self.port, password=quoted))
        return self.program("redis.conf")
