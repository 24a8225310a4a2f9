"""Slow, broken and malicious clients: none delays another, and none ends the gateway."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress

import pytest
import requests

from testbed.mesh import Mesh, wait_until
from tests.drivers.raw_connection import RawConnection, get, post, raw_connection
from tests.integration.gateway.lone_gateway import LoneGateway

LIMIT = 65536


def response_seconds(url: str) -> float:
    """How many seconds a well-behaved client waits meanwhile."""
    started = time.monotonic()
    assert requests.get(url + "/film/get_all_list?page_size=7", timeout=30).status_code == 200
    assert requests.post(url + "/user/login", json={}, timeout=30).status_code == 422
    return time.monotonic() - started


def flood(line: RawConnection, data: bytes) -> float:
    """For how many seconds the gateway goes on taking this data."""
    started = time.monotonic()
    with suppress(OSError):
        while time.monotonic() - started < 20:
            line.sock.send(data)
    return time.monotonic() - started


def test_fifty_half_sent_orders_delay_no_other_client(mesh: Mesh, port: int) -> None:
    halves = [RawConnection(port) for _ in range(50)]
    try:
        for half in halves:
            half.send(post("/order/buy", b'{"screening_id"', length=500))
        assert response_seconds(mesh.url) < 10
    finally:
        for half in halves:
            half.close()


def test_a_half_sent_body_is_refused_with_408_after_the_timeout(impatient: LoneGateway) -> None:
    with raw_connection(impatient.port) as line:
        started = time.monotonic()
        answer = line.ask(post("/user/login", b"{", length=50))
        assert answer.status == 408
        assert answer.json["code"] == "too_slow"
        assert 1.5 < time.monotonic() - started < 12
        assert line.has_ended()


@pytest.mark.parametrize("start", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nHost: x\r\n",
                                   b"POST /user/login HTTP/1.1\r\nX: "])
def test_a_half_sent_head_ends_the_connection_after_the_timeout(impatient: LoneGateway, start: bytes) -> None:
    with raw_connection(impatient.port) as line:
        started = time.monotonic()
        line.send(start)
        answer = line.response()
        assert answer is None or answer.status == 408
        assert time.monotonic() - started < 12


@pytest.mark.parametrize("start", [b"GET /health HTTP/1.1\r\nX: ", post("/user/login", b"", length=60_000),
                                   get("/health", "Content-Length: 60000"), b""])
def test_a_trickle_of_bytes_extends_no_timeout(impatient: LoneGateway, start: bytes) -> None:
    with raw_connection(impatient.port) as line:
        line.send(start)
        started = time.monotonic()
        try:
            while time.monotonic() - started < 14:
                line.send(b"x")
                time.sleep(0.2)
        except OSError:
            pass
        assert time.monotonic() - started < 12, "the gateway went on reading"


def test_an_idle_connection_is_closed(impatient: LoneGateway) -> None:
    with raw_connection(impatient.port) as line:
        assert line.ask(get("/health")).status == 200
        started = time.monotonic()
        assert line.has_ended()
        assert time.monotonic() - started < 12


def test_megabytes_are_refused_before_they_are_read_and_the_sender_gets_the_refusal(mesh: Mesh, port: int) -> None:
    for path in ("/order/buy", "/user/login"):
        response = requests.post(mesh.url + path, data=b"x" * 8_000_000, timeout=30,
                                 headers={"Content-Type": "application/json"})
        assert response.status_code == 413
        assert response.json()["limit"] == LIMIT
    with raw_connection(port) as line:
        line.send(post("/order/buy", b"", length=8_000_000))
        answer = line.response()
        assert answer
        assert answer.status == 413
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/nothing", "/health", "/film/get_all_list"])
def test_a_large_body_that_no_route_reads_is_not_read_on(port: int, path: str) -> None:
    with raw_connection(port) as line:
        line.send(post(path, b"", length=10**12))
        answer = line.response()
        assert answer
        assert answer.status in (404, 405, 413)
        assert flood(line, b"x" * 65536) < 12


def chunked(body: bytes, size: int, end: bytes = b"0\r\n\r\n") -> bytes:
    chunks = [body[at:at + size] for at in range(0, len(body), size)]
    head = (b"POST /user/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n")
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def test_a_chunked_body_is_read(port: int) -> None:
    with raw_connection(port) as line:
        answer = line.ask(chunked(b'{"username":"nobody-here","password":"wrong"}', 7))
        assert (answer.status, answer.json["code"]) == (401, "login_failed")


def test_a_chunked_body_over_the_limit_is_refused_and_the_sender_gets_the_refusal(port: int) -> None:
    for size in (1000, 100_000):
        with raw_connection(port) as line:
            answer = line.ask(chunked(b'{"username":"' + b"x" * 200_000 + b'"}', size))
            assert (answer.status, answer.json["code"]) == (413, "too_large")
            assert line.has_ended()


@pytest.mark.parametrize("end", [b"zz\r\n", b"-5\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n", b"5\r\nab"])
def test_malformed_chunks_end_the_connection(port: int, end: bytes) -> None:
    with raw_connection(port) as line:
        line.send(chunked(b"{}", 1, end))
        line.sock.shutdown(socket.SHUT_WR)
        answer = line.response()
        assert answer is None or answer.status in (400, 408, 413, 422)
        assert line.has_ended()


def test_an_endless_chunk_size_or_trailer_is_not_read_on(port: int) -> None:
    for endless in (chunked(b"{}", 1, b"1" * 65536), chunked(b"{}", 1, b"0\r\nX: " + b"y" * 65536)):
        with raw_connection(port) as line:
            line.send(endless)
            assert flood(line, b"1" * 65536) < 12


def test_a_client_that_expects_100_continue_gets_it_or_a_refusal(port: int) -> None:
    with raw_connection(port) as line:
        line.send(post("/user/login", b"", "Expect: 100-continue", length=2))
        answer = line.response()
        assert answer
        assert answer.status == 100
        assert line.ask(b"{}").status == 422
    with raw_connection(port) as line:
        answer = line.ask(post("/order/buy", b"", "Expect: 100-continue", length=8_000_000))
        assert answer.status == 413
        assert line.has_ended()
    with raw_connection(port) as line:
        assert line.ask(post("/nothing", b"", "Expect: 100-continue", length=30)).status == 404
        assert line.has_ended(), "or what it sends next would be read as a request"


@pytest.mark.parametrize("field", [
    "Content-Length: x", "Content-Length: -1", "Content-Length: +2", "Content-Length: 1_0", "Content-Length: 0x2",
    "Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2\r\nTransfer-Encoding: chunked", "Content-Length : 2",
    "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "no colon at all", "Content-Length: 2\r\n folded: x",
    "Content-Length: 9" + "9" * 30, "Content-Length: 2 2",
])
def test_a_request_that_leaves_it_open_where_its_body_ends_is_refused(port: int, field: str) -> None:
    """Otherwise a second request could be smuggled past a proxy that reads the length differently."""
    with raw_connection(port) as line:
        line.send(f"POST /user/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{field}\r\n\r\n".encode())
        line.send(get("/health"))
        answer = line.response()
        assert answer
        assert answer.status in (400, 413)
        assert line.has_ended(), "what follows must not be read as a request"


@pytest.mark.parametrize("line_sent", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n", b"GET /health\r\n", b"GET /health HTTP/9.9\r\n\r\n",
    b"GET  /health HTTP/1.1 x\r\n\r\n", b"GET /hea\x00lth HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 5000 + b"\r\n",
    b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"GET /health HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", b"SSH-2.0-OpenSSH_9\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
])
def test_bytes_that_are_no_request_are_refused(mesh: Mesh, port: int, line_sent: bytes) -> None:
    before = mesh.pid("gateway")
    with raw_connection(port) as line:
        line.send(line_sent)
        line.sock.shutdown(socket.SHUT_WR)
        try:
            answer = line.response()
        except ConnectionResetError:
            answer = None
        assert answer is None or 400 <= answer.status < 500 or answer.status == 505
    assert mesh.pid("gateway") == before


def test_clients_that_vanish_at_any_moment_leave_the_gateway_as_it_was(mesh: Mesh, port: int) -> None:
    before = mesh.pid("gateway")
    moments = [b"", b"POST /user/lo", b"POST /user/login HTTP/1.1\r\nHost: x\r\nContent-",
               post("/user/login", b"{", length=80), post("/user/login"), get("/film/get_all_list"),
               get("/film/get_info_list?page_size=100") * 20, get("/ready"), chunked(b"{}", 1, b"5\r\nab")]

    def vanish(number: int) -> None:
        line = RawConnection(port)
        with suppress(OSError):
            line.send(moments[number % len(moments)])
            line.sock.settimeout(0.01 * (number % 5) or 0.001)
            line.sock.recv(100)
        line.reset()

    with ThreadPoolExecutor(20) as crowd:
        list(crowd.map(vanish, range(180)))
    assert mesh.pid("gateway") == before
    assert response_seconds(mesh.url) < 10


def test_a_connection_over_the_limit_is_refused_with_503(mesh: Mesh, impatient: LoneGateway) -> None:
    """Streams hold the connections, which would otherwise end after some time of silence."""
    stream = get(f"/live/{mesh.fresh_screening(180)}")
    with ExitStack() as lines:
        def opened() -> RawConnection | None:
            line = RawConnection(impatient.port)
            if line.ask(stream).status == 200:
                return lines.enter_context(closing(line))
            line.close()   # a connection of before has not been seen off yet
            return None

        for _ in range(40):
            wait_until(opened, 30, "a free connection")
        for _ in range(20):
            with raw_connection(impatient.port) as line:
                refused = line.ask(get("/health"))
                assert (refused.status, refused.json["code"]) == (503, "overloaded")
                assert refused.headers["retry-after"]
                assert refused.headers["x-content-type-options"] == "nosniff"
    wait_until(lambda: impatient.answers("/ready"), 30, "free connections")


def test_only_the_allowed_origins_may_call_from_other_sites(impatient: LoneGateway) -> None:
    def asked(verb: str, origin: str, path: str = "/order/buy") -> requests.Response:
        return requests.request(verb, impatient.url + path, headers={"Origin": origin}, timeout=10)

    preflight = asked("OPTIONS", "https://cinema.example")
    assert preflight.status_code in (200, 204)
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://cinema.example"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in preflight.headers["Access-Control-Allow-Headers"]
    refused = asked("POST", "https://cinema.example")
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == "https://cinema.example", "or no page reads the refusal"
    assert "X-Request-ID" in refused.headers["Access-Control-Expose-Headers"]
    for origin in ("https://evil.example", "http://cinema.example", "https://cinema.example.evil.example", "null"):
        for verb in ("OPTIONS", "POST"):
            assert "Access-Control-Allow-Origin" not in asked(verb, origin).headers
            assert "Origin" in asked(verb, origin).headers["Vary"]
