"""The paths that the application gets of requests over a connection, and the end of a stream."""

import os
import socket
import struct
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from eventlet import wsgi
from eventlet.event import Event

from gateway.http.protocol import StrictProtocol


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    """The port of a server, and the paths of the requests that reach its application."""
    paths: list[str] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        paths.append(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Length", "0")])
        return []

    sock = eventlet.listen(("127.0.0.1", 0))
    thread = eventlet.spawn(wsgi.server, sock, application, protocol=StrictProtocol, log_output=False, socket_timeout=5)
    with eventlet.Timeout(10):
        yield sock.getsockname()[1], paths
    thread.kill()
    sock.close()


@pytest.mark.parametrize(("target", "path"), [
    ("/kitchen%2Fget_queue", "/kitchen%2Fget_queue"), ("/kitchen/get%5Fqueue?a=%2F", "/kitchen/get_queue"),
    ("/order/buy%3Fx", "/order/buy%3Fx"), ("/order/%C3%B6", "/order/%C3%B6"),
])
def test_an_escaped_separator_separates_nothing(server: tuple[int, list[str]], target: str, path: str) -> None:
    port, paths = server
    connection = eventlet.connect(("127.0.0.1", port))
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    connection.close()
    assert paths == [path]


class Silence:
    """Events of which one comes, and then none."""

    def __init__(self) -> None:
        self.ended = Event()

    def __iter__(self) -> Iterator[bytes]:
        yield b"data: hello\n\n"
        Event().wait()

    def close(self) -> None:
        self.ended.send()


@pytest.mark.parametrize("resets", [False, True])
def test_a_stream_ends_with_its_client_and_leaves_no_file_open(resets: bool) -> None:
    events = Silence()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["marquee.connection"].stream(start_response("200 OK", []), events)
        return []

    sock = eventlet.listen(("127.0.0.1", 0))
    thread = eventlet.spawn(wsgi.server, sock, application, protocol=StrictProtocol, log_output=False, socket_timeout=5)
    eventlet.sleep(0)
    files = len(os.listdir("/proc/self/fd"))
    with eventlet.Timeout(10):
        client = eventlet.connect(sock.getsockname())
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        if resets:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        events.ended.wait(timeout=2)
        assert events.ended.ready()
        while len(os.listdir("/proc/self/fd")) > files:
            eventlet.sleep(0.01)
    thread.kill()
    sock.close()


def test_a_connection_whose_last_bytes_can_not_be_sent_leaves_no_file_open() -> None:
    server, client = socket.socketpair()
    connection = StrictProtocol.__new__(StrictProtocol)
    connection.connection = eventlet.greenio.GreenSocket(server)
    connection.rfile, connection.wfile = connection.connection.makefile("rb"), connection.connection.makefile("wb")
    connection.wfile.write(b"too late")
    client.close()
    files = len(os.listdir("/proc/self/fd"))
    connection.finish()
    assert len(os.listdir("/proc/self/fd")) == files - 1
