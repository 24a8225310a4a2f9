"""A client that connects while a gateway drains is accepted or not, but never accepted and then reset."""

import socket

import eventlet
import pytest

from gateway.http import server as module
from gateway.http.server import HttpServer


def connect(port: int) -> str:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
        return "connected"
    except OSError:
        return "not connected"


def at_the_last_moment(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What becomes of a client between the gateway's last accept() and the end of its listener."""
    server, outcomes = HttpServer(), list[str]()
    server._sock, server._gt = eventlet.listen(("127.0.0.1", 0)), eventlet.spawn(eventlet.sleep)
    port = server._sock.getsockname()[1]
    monkeypatch.setattr(server, "run", lambda: outcomes.append(connect(port)))
    server.drain()
    return [*outcomes, connect(port)]


def test_a_client_too_late_to_be_accepted_is_not_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    assert at_the_last_moment(monkeypatch) == ["not connected"] * 2


def test_without_the_filter_it_is_connected_and_then_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(module, "_complete_no_more", lambda listener: None)
    assert at_the_last_moment(monkeypatch) == ["connected", "not connected"]


def test_a_client_that_is_connected_already_is_accepted() -> None:
    with (socket.create_server(("127.0.0.1", 0)) as listener,
          socket.create_connection(listener.getsockname(), timeout=10) as client):
        module._complete_no_more(listener)
        accepted, _ = listener.accept()
        with accepted:
            client.sendall(b"hello")
            assert accepted.recv(5) == b"hello"
