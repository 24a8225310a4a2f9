"""Fixtures of the gateway's tests."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from testbed.mesh import Mesh, wait_until
from tests.integration.gateway.lone_gateway import LoneGateway, lone_gateway

LogLines = Callable[[str, str], list[dict[str, Any]]]


@pytest.fixture
def port(mesh: Mesh) -> int:
    return int(mesh.environment["MARQUEE_PORT"])


@pytest.fixture
def log_lines(mesh: Mesh) -> LogLines:
    """The lines of a room's log that carry a request id, waits until there are some."""
    def lines(room: str, request_id: str) -> list[dict[str, Any]]:
        def found() -> list[dict[str, Any]]:
            return [json.loads(line) for line in mesh.log(room).splitlines() if f'"{request_id}"' in line]
        return list(wait_until(found, 30, f"a line of {room} with {request_id}"))
    return lines


@pytest.fixture(scope="module")
def impatient(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneGateway]:
    """A gateway with short timeouts, few connections, and one allowed origin."""
    with lone_gateway(mesh, tmp_path_factory.mktemp("impatient"),
                      ("socket_timeout: 15 ", "socket_timeout: 2 "),
                      ("connection_limit: 2000 ", "connection_limit: 40 "),
                      ("cors_origins: []", "cors_origins: [\"https://cinema.example\"]")) as gateway:
        yield gateway
