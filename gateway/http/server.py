"""A hardened web server for Nameko: it limits connections, survives hostile sockets and drains on SIGTERM.

Nameko's own accepts connections without limit, waits for slow senders for ever, dies of some socket errors and goes on
accepting connections after SIGTERM.
"""

import contextlib
import ctypes
import logging
import socket
import struct
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
from eventlet import wsgi
from nameko import config
from nameko.web.server import WebServer
from prometheus_client import Gauge

from gateway.client_address import is_trusted
from gateway.http.connections import Connection, Connections
from gateway.http.protocol import StrictProtocol, closing_response, linger
from gateway.rate_limits.settings import limit_settings
from gateway.replies import problem, status_of
from gateway.settings import gateway_settings
from schemas.errors import Refusal
from schemas.gateway import Overloaded, TooManyConnections
from services.foundation import metrics
from services.foundation.ids import new_id

log = logging.getLogger("marquee.server")
BACKLOG = 1024
CONNECTIONS = Gauge("marquee_http_connections", "Open connections of HTTP clients.")
DRAIN_SECONDS = 10.0
SO_ATTACH_FILTER = 26   # of Linux; Python has no name for it
DROP = struct.pack("HBBI", 0x06, 0, 0, 0)   # a filter's one instruction: keep 0 bytes
REFUSALS_AT_ONCE = 100  # connections that are told why they end; in a flood of them the others just end
Application = Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]


class HttpServer(WebServer):
    """Serves the entrypoint's WSGI application; `draining` once SIGTERM has arrived."""

    def __init__(self) -> None:
        super().__init__()
        self._starting = False
        self._connections = Connections()
        self._refusals = 0
        self.draining = False
        CONNECTIONS.set_function(lambda: len(self._connections))

    def start(self) -> None:
        """Listen and accept connections, once, whichever extension asks first."""
        if self._starting:
            return
        self._starting = True
        self._settings = gateway_settings()
        # Gateways share the port only when config.yml asks for it: otherwise a second one is a mistake.
        shared = int(config["instances"]["gateway"]) > 1 or bool(config.get("WEB_SERVER_SHARED"))
        self._sock = eventlet.listen(self.bind_addr, backlog=BACKLOG, reuse_port=shared)
        self._sock.settimeout(None)
        self._serv = self.get_wsgi_server(self._sock, self.get_wsgi_app())
        self._gt = self.container.spawn_managed_thread(self.run, identifier="accept")

    def get_wsgi_app(self) -> Application:
        """The WSGI application of the one entrypoint."""
        [entrypoint] = self._providers
        application: Application = entrypoint.application
        return application

    def get_wsgi_server(self, sock: Any, wsgi_app: Application, protocol: Any = StrictProtocol,
                        debug: bool = False) -> Any:
        return wsgi.Server(sock, sock.getsockname(), wsgi_app, protocol=protocol, debug=debug, log_output=False,
                           socket_timeout=self._settings.socket_timeout, capitalize_response_headers=False)

    def run(self) -> None:
        """Accept connections; while draining, return once no further connection waits."""
        while True:
            try:
                sock, address = self._sock.accept()
            except OSError:
                if self.draining:
                    return
                eventlet.sleep(0.05)  # such as too many open files: wait instead of dying
                continue
            connection = Connection(sock, address)
            if refusal := self._refusal_of(connection):
                self._refuse(sock, refusal)
                continue
            self._connections.add(connection)
            self.container.spawn_managed_thread(partial(self.process, connection), identifier="connection")

    def _refusal_of(self, connection: Connection) -> Refusal | None:
        """Why the connection can't be served. One client gets a share of all, so that others find a place; a trusted
        proxy brings many clients.
        """
        settings, proxies = gateway_settings(), limit_settings().trusted_proxies
        if (self._connections.of(connection.client) >= settings.connections_per_address
                and not is_trusted(connection.state[0][0], proxies)):
            return TooManyConnections(retry_after=1)
        return Overloaded(retry_after=1) if len(self._connections) >= settings.connection_limit else None

    def _refuse(self, sock: Any, refusal: Refusal) -> None:
        """End the connection, and say why unless too many others are being told."""
        metrics.observe_request("other", "refused", status_of(type(refusal)), time.perf_counter())
        if self._refusals < REFUSALS_AT_ONCE:
            self._refusals += 1
            eventlet.spawn_n(self._explain, sock, refusal)
        else:
            sock.close()

    def _explain(self, sock: Any, refusal: Refusal) -> None:
        try:
            with contextlib.suppress(OSError), contextlib.closing(sock):
                sock.settimeout(1)
                sock.sendall(closing_response(problem(refusal, new_id())))
                linger(sock)
        finally:
            self._refusals -= 1

    def process(self, connection: Connection) -> None:
        """Serve one connection to its end. Its errors end no other connection."""
        sock = connection.sock
        try:
            sock.settimeout(self._serv.socket_timeout)
            # A seat map has several segments, and Nagle's algorithm would hold back the last one for 40 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._serv.process_request(connection.state)
        except Exception as error:
            log.debug("a connection broke", extra={"problem": type(error).__name__})
        finally:
            self._connections.remove(connection)
            sock.close()

    def unregister_provider(self, provider: Any) -> None:
        """SIGTERM: accept nothing more, and serve the requests that have arrived."""
        self.drain()
        super().unregister_provider(provider)

    def drain(self) -> None:
        """Refuse new connections and end the idle ones; return once none is left, at the latest after DRAIN_SECONDS."""
        self.draining = True
        self._gt.kill()
        self._sock.settimeout(0)
        _complete_no_more(self._sock)
        self.run()  # accept those that the kernel has completed already
        self._sock.close()
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._connections and time.monotonic() < deadline:
            for connection in self._connections:
                connection.end_when_idle()
            eventlet.sleep(0.05)

    def stop(self) -> None:
        self.wait_for_providers()


def _complete_no_more(listener: Any) -> None:
    """The kernel drops whatever asks for a new connection; the client asks again, and by then nobody listens.

    A connection that the kernel completed between the last accept() and the end of the listener would be reset.
    """
    program = ctypes.create_string_buffer(DROP, len(DROP))
    with contextlib.suppress(OSError):  # on a kernel without filters it is reset
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))
