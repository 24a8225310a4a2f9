"""One address that opens all it can, or forges webhooks, leaves room for the others."""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import orjson
import pytest
import requests

from services.foundation.ids import new_id
from services.payment.webhook_signatures import sign
from testbed.mesh import Mesh, wait_until
from tests.drivers.raw_connection import RawConnection, get
from tests.integration.gateway.lone_gateway import LoneGateway, lone_gateway

CONNECTIONS, STREAMS = 30, 10


@pytest.fixture(scope="module")
def shared(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneGateway]:
    """A gateway with small shares, which takes twice as much from all clients together."""
    with lone_gateway(mesh, tmp_path_factory.mktemp("shared"),
                      ("connection_limit: 2000 ", f"connection_limit: {2 * CONNECTIONS} "),
                      ("stream_limit: 1000 ", f"stream_limit: {2 * STREAMS} "),
                      MARQUEE_CROWD="1", MARQUEE_CONNECTIONS_PER_ADDRESS=str(CONNECTIONS),
                      MARQUEE_STREAMS_PER_ADDRESS=str(STREAMS)) as gateway:
        yield gateway


def visit(gateway: LoneGateway, path: str, source: str) -> tuple[int, bytes]:
    """The status and the rest of what a visitor from this address gets."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10, source_address=(source, 0)) as sock:
        sock.sendall(get(path, "Connection: close"))
        received = b"".join(iter(lambda: sock.recv(65536), b""))
    return int(received.split()[1]), received


def open_streams(gateway: LoneGateway, hall: str, count: int, stack: ExitStack) -> list[RawConnection]:
    lines = [stack.enter_context(closing(RawConnection(gateway.port))) for _ in range(count)]
    for line in lines:
        assert line.ask(get(f"/live/{hall}")).status == 200
    return lines


@pytest.mark.full_size("integration/gateway/test_one_address.py")
def test_a_flood_of_half_sent_requests_leaves_room_for_another_address(shared: LoneGateway) -> None:
    with ExitStack() as stack:
        for _ in range(4 * CONNECTIONS):
            flood = stack.enter_context(closing(RawConnection(shared.port)))
            flood.send(b"GET / HTTP/1.1\r\nX: ")
        assert visit(shared, "/", "127.0.0.2")[0] == 200
        assert visit(shared, "/film/get_all_list", "127.0.0.2")[0] == 200
        status, refusal = visit(shared, "/", "127.0.0.1")
        assert status == 429
        assert b"too_many_connections" in refusal
        assert b"Retry-After: 1\r\n" in refusal
    wait_until(lambda: visit(shared, "/", "127.0.0.1")[0] == 200, 5, "the places of connections that were closed")


def test_the_streams_of_one_address_leave_room_for_another(mesh: Mesh, shared: LoneGateway) -> None:
    hall = mesh.fresh_screening(180)
    with ExitStack() as stack:
        open_streams(shared, hall, STREAMS, stack)
        status, refusal = visit(shared, f"/live/{hall}", "127.0.0.1")
        assert status == 429
        assert b"too_many_streams" in refusal
        assert b"Retry-After: 10\r\n" in refusal
        assert visit(shared, "/film/get_all_list", "127.0.0.1")[0] == 200
        with socket.create_connection(("127.0.0.1", shared.port), 10, source_address=("127.0.0.2", 0)) as other:
            other.sendall(get(f"/live/{hall}"))
            assert other.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_closed_stream_frees_its_place_and_its_file_at_once(mesh: Mesh, shared: LoneGateway, how: str) -> None:
    hall, files = mesh.fresh_screening(180), Path(f"/proc/{shared.process.pid}/fd")
    wait_until(lambda: visit(shared, "/health", "127.0.0.1")[0] == 200, 5, "a free connection")
    with ExitStack() as stack:
        open_streams(shared, hall, 1, stack).pop().close()   # the first one may open files that stay
        time.sleep(0.5)
        before = len(os.listdir(files))
        lines = open_streams(shared, hall, STREAMS, stack)
        assert len(os.listdir(files)) >= before + STREAMS
        for line in lines:
            getattr(line, how)()
        wait_until(lambda: len(os.listdir(files)) <= before + 1, 2, "the files of the closed streams")
        open_streams(shared, hall, STREAMS, stack)
    assert "Traceback" not in shared.log


def test_forged_webhooks_are_throttled_and_a_genuine_one_still_passes(mesh: Mesh, shared: LoneGateway) -> None:
    secret, body = secrets.token_hex(16), orjson.dumps({
        "id": new_id(), "type": "payment.authorized", "data": {"payment_id": new_id()}})
    mesh.rows("payment", "INSERT INTO sandbox_secret (secret) VALUES (:s)", s=secret)

    def send(key: str) -> requests.Response:
        return requests.post(f"{shared.url}/payment/webhook/sandbox", data=body, timeout=30,
                             headers={"Sandbox-Signature": sign(key, body, int(time.time()))})

    answers = [send("forged") for _ in range(23)]
    assert [answer.status_code for answer in answers] == [400] * 20 + [429] * 3
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert send(secret).status_code == 200
    assert send("forged").status_code == 429
