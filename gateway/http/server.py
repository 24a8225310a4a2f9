"""A hardened web server under Nameko's own: bounded, proof against hostile sockets, and leaving in good order.

Stock Nameko accepts without limit, waits for ever for slow senders, dies of some socket errors and goes on
accepting after SIGTERM.
"""

import contextlib
import logging
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
from eventlet import wsgi
from nameko import config
from nameko.web.server import WebServer

from gateway.http.protocol import Protocol, last_words, linger
from gateway.replies import problem
from schemas.gateway import Overloaded
from services.foundation.ids import new_id

log = logging.getLogger("marquee.server")
BACKLOG = 1024
DRAIN_SECONDS = 10.0
FIRST_REQUEST_SECONDS = 0.5  # for who was let in just before the door was shut, and is about to ask
Application = Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]


class HardServer(WebServer):
    def __init__(self) -> None:
        super().__init__()
        self._starting = False
        self._connections: set[Connection] = set()
        self.draining = False

    def start(self) -> None:
        if self._starting:
            return
        self._starting = True
        self._limit = int(config["gateway"]["connection_limit"])
        # Several gateways may share the port, but only when that was asked for: otherwise it is a mistake.
        shared = int(config["instances"]["gateway"]) > 1
        self._sock = eventlet.listen(self.bind_addr, backlog=BACKLOG, reuse_port=shared)
        self._sock.settimeout(None)
        self._serv = self.get_wsgi_server(self._sock, self.get_wsgi_app())
        self._gt = self.container.spawn_managed_thread(self.run, identifier="accept")

    def get_wsgi_app(self) -> Application:
        """What answers requests: the one entrypoint there is."""
        [door] = self._providers
        application: Application = door.answer
        return application

    def get_wsgi_server(self, sock: Any, wsgi_app: Application, protocol: Any = Protocol, debug: bool = False) -> Any:
        return wsgi.Server(sock, sock.getsockname(), wsgi_app, protocol=protocol, debug=debug, log_output=False,
                           socket_timeout=config["gateway"]["socket_timeout"], capitalize_response_headers=False)

    def run(self) -> None:
        """Let in whoever comes; returns once nobody waits outside and we are leaving."""
        while True:
            try:
                sock, address = self._sock.accept()
            except OSError:
                if self.draining:
                    return
                eventlet.sleep(0.05)  # out of file descriptors, say: better slow than dead
                continue
            if len(self._connections) >= self._limit:
                eventlet.spawn_n(_turn_away, sock)
                continue
            connection = Connection(sock, address)
            self._connections.add(connection)
            self.container.spawn_managed_thread(partial(self.process, connection), identifier="connection")

    def process(self, connection: "Connection") -> None:
        """One connection, from first byte to last. Whatever goes wrong with it is its own trouble."""
        sock = connection.sock
        try:
            sock.settimeout(self._serv.socket_timeout)
            # A map is more than one segment; Nagle would hold the last one back for 40 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._serv.process_request(connection.state)
        except Exception as trouble:
            log.debug("a connection broke", extra={"problem": type(trouble).__name__})
        finally:
            self._connections.discard(connection)
            sock.close()

    def unregister_provider(self, provider: Any) -> None:
        """SIGTERM: the last entrypoint leaves, so nobody new comes in, and those inside are served."""
        self.drain()
        super().unregister_provider(provider)

    def drain(self) -> None:
        self.draining = True
        self._gt.kill()
        self._sock.settimeout(0)
        self.run()  # whoever stands in the door already
        self._sock.close()
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._connections and time.monotonic() < deadline:
            for connection in self._connections:
                connection.end_when_idle()
            eventlet.sleep(0.05)

    def stop(self) -> None:
        self.wait_for_providers()


class Connection:
    """A socket, and where it is between two requests, as eventlet keeps it."""

    def __init__(self, sock: Any, address: Any) -> None:
        self.sock = sock
        self.state: list[Any] = [address, sock, wsgi.STATE_IDLE]
        self._may_ask_until = time.monotonic() + FIRST_REQUEST_SECONDS

    def end_when_idle(self) -> None:
        """Read no further request, except for one that has arrived already, and the first of who has just come."""
        if self.state[2] == wsgi.STATE_IDLE and time.monotonic() > self._may_ask_until:
            with contextlib.suppress(OSError):  # gone by itself
                self.sock.shutdown(socket.SHUT_RD)


def _turn_away(sock: Any) -> None:
    with contextlib.suppress(OSError), contextlib.closing(sock):
        sock.settimeout(1)
        sock.sendall(last_words(problem(Overloaded(retry_after=1), new_id())))
        linger(sock)
