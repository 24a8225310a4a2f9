"""The paths that the application gets of requests over a connection."""

from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from eventlet import wsgi

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
