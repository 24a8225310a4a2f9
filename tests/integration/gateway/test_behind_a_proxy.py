"""Connections that proxies and other programs keep alive: one request never spoils the next."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import h11
import pytest
import requests

from testbed.mesh import Mesh
from tests.integration.gateway.proxy import Proxy, proxy
from tests.integration.gateway.stream_client import streaming

HEADERS = [("Host", "marquee"), ("Content-Type", "application/json")]
JSON = {"Content-Type": "application/json"}


class Client:
    """One connection, with h11 as an independent reading of HTTP/1.1."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.http = h11.Connection(h11.CLIENT)

    def ask(self, verb: str, path: str, *chunks: bytes) -> int:
        self.sock.sendall(request_bytes(self.http, verb, path, *chunks))
        return self.answer()

    def answer(self) -> int:
        """The status of the next response; h11 raises when it is malformed or breaks off."""
        status = 0
        while not isinstance(event := self.http.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                self.http.receive_data(self.sock.recv(65536))
            elif isinstance(event, h11.Response):
                status = event.status_code
        self.http.start_next_cycle()
        return status

    def close(self) -> None:
        self.sock.close()


def request_bytes(http: h11.Connection, verb: str, path: str, *chunks: bytes) -> bytes:
    """A request as bytes; its body, if any, in these chunks."""
    framing = [("Transfer-Encoding", "chunked")] if chunks else []
    events: list[Any] = [h11.Request(method=verb, target=path, headers=HEADERS + framing),
                         *(h11.Data(data=chunk) for chunk in chunks), h11.EndOfMessage()]
    return b"".join(http.send(event) or b"" for event in events)


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    made = Client(port)
    yield made
    made.close()


@pytest.fixture(scope="module")
def front(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with proxy(int(mesh.environment["MARQUEE_PORT"]), tmp_path_factory.mktemp("nginx")) as running:
        yield running


def test_a_chunked_request_leaves_the_connection_to_the_next(client: Client) -> None:
    for _ in range(3):
        assert client.ask("POST", "/user/login", b"{", b"}") == 422
        assert client.ask("POST", "/user/login", b"{}") == 422
        assert client.ask("GET", "/health") == 200
        assert client.ask("POST", "/film/get_all_list", b'{"page_size":', b"1}") == 200


def test_pipelined_chunked_requests_are_all_answered(client: Client) -> None:
    several: list[tuple[str, str, list[bytes]]] = [
        ("POST", "/user/login", [b"{", b"}"]), ("GET", "/health", []), ("POST", "/user/login", [b"{}"]),
        ("POST", "/film/get_all_list", [b"{}"]), ("GET", "/health", [])]
    client.sock.sendall(b"".join(request_bytes(h11.Connection(h11.CLIENT), verb, path, *chunks)
                                 for verb, path, chunks in several))
    told = []
    for verb, path, chunks in several:
        request_bytes(client.http, verb, path, *chunks)  # brings h11 into the state after sending it
        told.append(client.answer())
    assert told == [422, 200, 422, 200, 200]


def test_a_proxy_gets_a_response_to_every_chunked_request(front: Proxy) -> None:
    def buyer(_: int) -> list[int]:
        with requests.Session() as session:
            return [session.post(front.url + "/user/login", data=iter([b"{", b"}"]), headers=JSON,
                                 timeout=20).status_code for _ in range(10)]

    with ThreadPoolExecutor(8) as crowd:
        told = [status for statuses in crowd.map(buyer, range(8)) for status in statuses]
    assert told == [422] * 80
    assert "prematurely closed" not in front.log


def test_a_live_map_passes_through_a_proxy(mesh: Mesh, front: Proxy) -> None:
    hall, buyer = mesh.fresh_screening(180), mesh.buyer()
    seat = list(mesh.seats(hall))[0]
    with streaming(front.url, hall) as listener:
        assert mesh.post("/order/buy", buyer, screening_id=hall, seats=[seat]).status_code == 200
        listener.sees(**{seat: "held"})
        assert listener.ended_at is None
