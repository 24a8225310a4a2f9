"""One HTTP/1.1 connection, read strictly and within time limits that a trickle of bytes does not extend."""

import contextlib
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet.hubs import trampoline
from eventlet.wsgi import HeaderLineTooLong, HeadersTooLarge
from nameko.web.server import HttpOnlyProtocol

from gateway.http.chunked_body import ChunkedBody
from gateway.http.headers import RequestHeaders, path_of, read_request_line
from gateway.http.messages import Events, Reply
from gateway.replies import STATUS_LINES, problem
from schemas.errors import Malformed, Refusal
from schemas.gateway import TooSlow
from services.foundation import metrics
from services.foundation.ids import new_id

log = logging.getLogger("marquee.request")
LINGER_SECONDS = 1.0
STALLED_SECONDS = 5.0       # a client that reads nothing of its stream for so long is disconnected
VANISHED_SECONDS = 20.0     # a client whose machine confirms nothing for so long is gone
STREAM_BUFFER = 16 << 10    # unread bytes that the kernel holds for such a client; by default it holds megabytes


class StrictProtocol(HttpOnlyProtocol):
    """What eventlet runs for each connection."""

    wbufsize = 64 << 10    # a seat map leaves in one piece with its head
    lingers = False

    def _read_request_line(self) -> bytes:
        """The first line of the next request; empty when none arrives in time."""
        try:
            with eventlet.Timeout(self.server.socket_timeout, TooSlow()):
                line = bytes(self.rfile.readline(self.server.url_length_limit))
        except (TooSlow, OSError):
            return b""
        if len(line) >= self.server.url_length_limit:
            self._refuse(Malformed(detail="The address is too long."))
            return b""
        return line

    def parse_request(self) -> bool:
        """Read the head; False when it was refused or the connection has ended."""
        try:
            with eventlet.Timeout(self.server.socket_timeout, TooSlow()):
                self._parse_head()
            return True
        except ConnectionError:
            self.close_connection = True
        except TimeoutError:
            self._refuse(TooSlow())
        except (HeaderLineTooLong, HeadersTooLarge):
            self._refuse(Malformed(detail="The headers are too long."))
        except Refusal as refusal:
            self._refuse(refusal)
        return False

    def _parse_head(self) -> None:
        self.command, self.path, self.request_version = read_request_line(self.raw_requestline)
        self.requestline = ""
        self.headers = RequestHeaders()
        while (field := self.rfile.readline()) not in (b"\r\n", b"\n"):
            if not field:
                raise ConnectionError("the connection ended within a head")
            self.headers.add(field)
        self.headers.check(self.request_version)
        options = (self.headers.get("connection") or "").lower()
        self.close_connection = "close" in options or (
            self.request_version == "HTTP/1.0" and "keep-alive" not in options)

    def get_environ(self) -> dict[str, Any]:
        """The WSGI environment, with this connection as `marquee.connection` and a strict reader of chunked bodies."""
        environ: dict[str, Any] = super().get_environ()
        environ["marquee.connection"] = self
        environ["PATH_INFO"] = path_of(self.path)
        body = environ["eventlet.input"]
        if body.chunked_input:
            environ["wsgi.input"] = environ["eventlet.input"] = ChunkedBody(
                body.rfile, None, body.get_socket(), body.wfile, body.wfile_line, chunked_input=True)
        return environ

    def close_after_reply(self) -> None:
        """End the connection with this reply."""
        self.close_connection = True

    def close_if_unread(self) -> None:
        """End the connection with the reply when a part of the body was not read; the rest is never read."""
        body = self.environ["eventlet.input"]
        if body.chunk_length != 0 if body.chunked_input else body.position < body.content_length:
            self.close_connection = self.lingers = True

    def stream(self, write: Callable[[bytes], None], events: Events) -> None:
        """Send the events as they come, until they end or the client is gone. The connection ends with them."""
        self.close_connection = True
        lookout = eventlet.spawn(self._end_with_client, eventlet.getcurrent())
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STREAM_BUFFER)
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(VANISHED_SECONDS * 1000))
            self.connection.settimeout(STALLED_SECONDS)
            for event in events:
                write(event)
            write(b"")  # the last chunk
        except OSError:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)  # or closing would try to send the rest
        finally:
            lookout.kill()
            events.close()

    def _end_with_client(self, stream: Any) -> None:
        """End the stream when its client has gone, which otherwise shows only with the next event. What it sends is
        thrown away.
        """
        with contextlib.suppress(OSError):
            trampoline(self.connection, read=True)
            while self.connection.recv(4096):
                trampoline(self.connection, read=True)
        eventlet.kill(stream, ConnectionResetError("the client has gone"))

    def _refuse(self, refusal: Refusal) -> None:
        """Reply to a malformed request, and end the connection."""
        request_id = new_id()
        reply = problem(refusal, request_id)
        metrics.observe_request("other", "malformed", reply.status, time.perf_counter())
        log.info("malformed request", extra={"event": "request", "room": "gateway", "request_id": request_id,
                                      "status": reply.status})
        self.close_connection = self.lingers = True
        self.wfile.write(closing_response(reply))
        self.wfile.flush()

    def finish(self) -> None:
        if self.lingers:
            linger(self.connection)
        # Each of the two holds the socket's file open, and closing the first fails when its last bytes can't be sent.
        for file in (self.wfile, self.rfile):
            with contextlib.suppress(OSError):
                file.close()
        self.connection.close()


def closing_response(reply: Reply) -> bytes:
    """A whole response that announces the end of the connection."""
    headers = [*reply.headers, ("Content-Length", str(len(reply.body))), ("Connection", "close")]
    lines = [f"HTTP/1.1 {STATUS_LINES[reply.status]}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + reply.body


def linger(sock: Any) -> None:
    """Read on for a moment: closing on unread bytes resets the connection, and the response might never arrive."""
    deadline = time.monotonic() + LINGER_SECONDS
    with contextlib.suppress(OSError):
        sock.shutdown(1)
        sock.settimeout(LINGER_SECONDS)
        while time.monotonic() < deadline and sock.recv(65536):
            pass
