"""The open connections of HTTP clients, all of them and those of each client."""

import contextlib
import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from eventlet import wsgi

from gateway.client_address import peer_address

FIRST_REQUEST_SECONDS = 0.5  # a connection accepted just before draining may still send its first request


class Connection:
    """A socket, with the state that eventlet keeps of it: idle, or within a request."""

    def __init__(self, sock: Any, address: Any) -> None:
        self.sock = sock
        self.client = peer_address(address[0])
        self.state: list[Any] = [address, sock, wsgi.STATE_IDLE]
        self._first_request_until = time.monotonic() + FIRST_REQUEST_SECONDS

    def end_when_idle(self) -> None:
        """Read no further request, except one that has arrived already and the first of a new connection."""
        if self.state[2] == wsgi.STATE_IDLE and time.monotonic() > self._first_request_until:
            with contextlib.suppress(OSError):  # it has ended by itself
                self.sock.shutdown(socket.SHUT_RD)


class Connections:
    """Whatever is open, whether a request was sent on it or not."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self._by_client: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._open))

    def of(self, client: str) -> int:
        """How many are open to this client."""
        return self._by_client[client]

    def add(self, connection: Connection) -> None:
        """Count a connection that was accepted."""
        self._open.add(connection)
        self._by_client[connection.client] += 1

    def remove(self, connection: Connection) -> None:
        """Count it no more; its client may open another one."""
        self._open.remove(connection)
        self._by_client[connection.client] -= 1
        if not self._by_client[connection.client]:
            del self._by_client[connection.client]
