"""Passwords, tokens, codes and addresses in no log, span or metric: planted, used in every way, and searched for."""

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from testbed.mesh import Mesh, wait_until
from tests.drivers.collected_spans import SpanCollector, collected_spans, new_traceparent
from tests.drivers.raw_connection import get, post, raw_connection


class Canaries:
    """Secrets by their names; each value occurs nowhere else."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def plant(self, name: str) -> str:
        return self.planted.setdefault(name, f"canary{secrets.token_hex(12)}")

    def keep(self, name: str, value: str) -> str:
        self.planted[name] = value
        return value

    def found_in(self, folder: Path) -> dict[str, list[str]]:
        # The servers delete folders of theirs meanwhile, which os.walk does not mind.
        logs = [path for place, _, names in os.walk(folder) for name in names
                if (path := Path(place, name)).is_file() and (".log" in name or path.suffix == ".out")]
        assert len(logs) >= 6
        texts = {path.name: path.read_bytes() for path in logs}
        return {name: where for name, value in self.planted.items()
                if (where := [log for log, text in texts.items() if value.encode() in text])}

    def found_in_spans(self, collector: SpanCollector) -> dict[str, list[str]]:
        return {name: where for name, value in self.planted.items()
                if (where := [span.title for span in collector.take() if value in span.text])}


@pytest.fixture
def traced(mesh: Mesh) -> Iterator[SpanCollector]:
    """Every request of the test's is recorded."""
    mesh.http.headers["traceparent"] = new_traceparent()
    with collected_spans(mesh) as collector:
        yield collector
    del mesh.http.headers["traceparent"]


def use_account(mesh: Mesh, canaries: Canaries, screening: str) -> None:
    """Everything that a buyer can do, with everything that can fail."""
    name = f"ada{time.time_ns()}"
    password, email = canaries.plant("password"), canaries.plant("e-mail") + "@cinema.example"
    account: dict[str, Any] = {"username": name, "password": password, "email": email, "display_name": "Ada"}
    for key in (None, canaries.plant("key of registering")):
        mesh.post("/user/register", key=key, **account)
    mesh.post("/user/register", **{**account, "email": canaries.plant("bad e-mail") + "@"})
    mesh.post("/user/register", **{**account, "password": canaries.plant("short")[:7]})
    mesh.post("/user/login", username=name, password=canaries.plant("wrong password"))
    mesh.post("/user/login", username=name, password=[canaries.plant("password in a list")])
    mesh.post("/user/login", username=name, password=password, code=canaries.plant("unknown field"))
    token = canaries.keep("token", mesh.post("/user/login", username=name, password=password).json()["token"])
    unknown = canaries.plant("unknown token in a query")
    for path, shown in (("/user/authorize", token), ("/nothing", token), ("/user/authorize", unknown)):
        mesh.http.post(mesh.url + path, json={"token": shown}, timeout=10)
        mesh.http.get(mesh.url + path, params={"token": shown}, timeout=10)
    mesh.post("/user/update_profile", token, key="profile-1", email=canaries.plant("new e-mail") + "@cinema.example")
    mesh.post("/user/update_profile", token, key="profile-1", email=canaries.plant("other e-mail") + "@cinema.example")
    seats = list(mesh.seats(screening))[:2]
    order = mesh.post("/order/buy", token, screening_id=screening, seats=seats).json()["order_id"]
    for number, ticket in enumerate(mesh.post("/order/pay", token, order_id=order, method="sandbox").json()["tickets"]):
        canaries.keep(f"code {number}", ticket["code"])
    mesh.post("/order/pay", token, order_id=order, method=canaries.plant("odd payment method"))
    mesh.post("/order/pay", token, order_id=canaries.plant("odd order id"), method="sandbox")
    mesh.post("/user/save_address", token, name="Ada", street=canaries.plant("street"), city=canaries.plant("city"),
              postal_code="1", country="FR")
    mesh.get("/order/get_info", token, order_id=order)
    mesh.post("/order/refund", token, order_id=order, seats=seats[:1])
    mesh.get("/order/get_list", canaries.plant("unknown token"))
    mesh.get("/order/get_list", canaries.plant("odd token") + " {}")
    mesh.post("/user/logout", token)


def send_malformed_requests(mesh: Mesh, canaries: Canaries) -> None:
    """Requests that never become calls."""
    port = int(mesh.environment["MARQUEE_PORT"])
    secret = canaries.plant("query of a broken request")
    body = canaries.plant("broken body").encode()
    token = f"Authorization: Bearer {canaries.plant('token of a broken request')}"
    for data in (f"GET /user/authorize?token={secret}\r\n\r\n".encode(), f"NONSENSE {secret}\r\n\r\n".encode(),
                 f"GET /x?token={secret} HTTP/7.7\r\n\r\n".encode(), get(f"/nothing?token={secret}", token, "no colon"),
                 post(f"/user/login?x={secret}", b'{"password":"' + body, token), post("/user/login", body, token),
                 post(f"/nothing?token={secret}", body, token, length=5000), get(f"/health?token={secret}", token),
                 post(f"/user/authorize?token={secret}", body, token, length=10**7),
                 f"GET /user/authorize?token={secret}".encode() + b"x" * 9000):
        with raw_connection(port) as line:
            line.send(data)
            line.sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):   # not everything was read
                while line.sock.recv(65536):
                    pass


def test_no_log_span_or_metric_of_any_room_or_server_holds_a_secret(mesh: Mesh, traced: SpanCollector) -> None:
    canaries, screening = Canaries(), mesh.fresh_screening(180)
    use_account(mesh, canaries, screening)
    send_malformed_requests(mesh, canaries)
    mesh.rows("user", "RENAME TABLE user TO user_elsewhere")
    try:
        for _ in range(2):
            broken = mesh.post("/user/register", username=f"eve{time.time_ns()}",
                               email=canaries.plant("e-mail of a 500") + "@x.example",
                               password=canaries.plant("password of a 500"))
            assert broken.status_code == 500
            mesh.post("/user/login", username=canaries.plant("username of a 500"),
                      password=canaries.plant("other password of a 500"))
    finally:
        mesh.rows("user", "RENAME TABLE user_elsewhere TO user")
    with mesh.without("mariadb"):
        mesh.post("/user/login", username="ada", password=canaries.plant("password without MariaDB"))
        mesh.get("/order/get_list", canaries.plant("token without MariaDB"))
    with mesh.without("redis"):
        mesh.get("/order/get_list", canaries.plant("token without Redis"))
        mesh.post("/user/login", username="ada", password=canaries.plant("password without Redis"))
    with mesh.without("user"):
        mesh.post("/user/login", username="ada", password=canaries.plant("password without a user room"))
        mesh.get("/order/get_list", canaries.plant("token without a user room"))
    last = mesh.http.headers["traceparent"] = new_traceparent()
    mesh.post("/order/pay", mesh.buyer(), order_id="0" * 32, method="sandbox")
    traced.of(last, "gateway server POST /order/pay", "user server user.authorize", "order server order.pay")
    assert {span.room for span in traced.spans} >= {"gateway", "user", "film", "order", "payment", "notification"}
    assert len(canaries.planted) > 27
    assert canaries.found_in(mesh.folder) == {}
    assert canaries.found_in_spans(traced) == {}
    metrics = requests.get(f"http://127.0.0.1:{mesh.environment['MARQUEE_METRICS_PORT']}/metrics", timeout=10).text
    assert [name for name, value in canaries.planted.items() if value in metrics or "canary" in metrics] == []


def test_the_search_for_secrets_finds_one_that_is_logged_and_recorded(mesh: Mesh, traced: SpanCollector) -> None:
    """The negative control: a request id, which is logged and recorded on purpose."""
    canaries = Canaries()
    mesh.http.get(mesh.url + "/film/get_all_list", headers={"X-Request-ID": canaries.plant("request id")}, timeout=10)
    for find in (lambda: canaries.found_in(mesh.folder), lambda: canaries.found_in_spans(traced)):
        assert list(wait_until(find, what="the line in the log and the span")) == ["request id"]
