"""The responses over HTTP: status, code and headers of each case."""

import time
from typing import Any

import pytest
import requests

from gateway.docs import other_addresses
from testbed.mesh import Mesh
from tests.drivers.raw_connection import get, post, raw_connection
from tests.integration.gateway.conftest import LogLines

READS = ["/film/get_all_list", "/film/get_info_list"]
PAGES = ["/", "/health", "/ready", "/services", "/openapi.json", "/docs", "/docs.css"]


def code(response: requests.Response) -> str:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert problem["type"] == f"/docs#{problem['code']}"
    return str(problem["code"])


def send(mesh: Mesh, verb: str, path: str, **options: Any) -> requests.Response:
    return requests.request(verb, mesh.url + path, timeout=30, **options)


@pytest.mark.parametrize("path", READS)
def test_a_read_answers_get_head_and_post(mesh: Mesh, path: str) -> None:
    got = send(mesh, "GET", path)
    assert got.status_code == 200
    assert send(mesh, "POST", path, json={}).json().keys() == got.json().keys()
    head = send(mesh, "HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) > 0


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize(("path", "allowed"), [("/film/get_all_list", "GET, HEAD, POST"), ("/order/buy", "POST"),
                                               ("/health", "GET, HEAD")])
def test_a_wrong_verb_gets_the_allowed_ones(mesh: Mesh, verb: str, path: str, allowed: str) -> None:
    response = send(mesh, verb, path)
    assert response.status_code == 405
    assert code(response) == "method_not_allowed"
    assert response.headers["Allow"] == allowed


@pytest.mark.parametrize("path", ["/order/buy", "/user/login", "/order/pay", "/user/logout"])
def test_a_write_is_not_made_by_following_a_link(mesh: Mesh, path: str) -> None:
    assert send(mesh, "GET", path).status_code == 405
    assert send(mesh, "HEAD", path).status_code == 405


@pytest.mark.parametrize("path", [
    "/nothing", "/order", "/order/", "/order/buy/", "/order/nothing", "/payment/charge",
    "/Payment/PaymentService/Charge", "/film/get_screening_terms", "/order/FilmService/Buy", "/favicon.ico",
    "/order/buy%2e", "/order/%00buy", "/%2e%2e/etc", "/order%2Fbuy", "/order%2fOrderService%2fBuy", "/order/buy%3Fx",
    "/gateway/call_room", "/health/", "/docs/../order/buy2", "/" + "x" * 4000,
])
def test_an_unknown_path_is_refused_with_404(mesh: Mesh, path: str) -> None:
    for verb in ("GET", "POST", "OPTIONS", "DELETE"):
        response = send(mesh, verb, path)
        assert response.status_code == 404
        assert code(response) == "unknown_path"


def test_pascal_case_reaches_the_same_method(mesh: Mesh) -> None:
    for path in ("/film/GetAllList", "/Film/FilmService/GetAllList"):
        assert send(mesh, "GET", path).json()["films"]


@pytest.mark.parametrize(("body", "kind", "status", "expected"), [
    (b"{}", "text/plain", 415, "not_json"), (b"a=1", "application/x-www-form-urlencoded", 415, "not_json"),
    (b"{", "application/json", 400, "malformed"), (b"[]", "application/json", 400, "malformed"),
    (b'{"a":NaN}', "application/json", 400, "malformed"), (b'{"a":1,"a":2}', "application/json", 400, "malformed"),
    (b'{"a":"\\ud800"}', "application/json", 400, "malformed"), (b"\xff", "application/json", 400, "malformed"),
    (b'{"a":' + b"[" * 20000 + b"]" * 20000 + b"}", "application/json", 400, "malformed"),
    (b"{}", "application/json", 422, "fields_invalid"), (b'{"username":7}', "application/json", 422, "fields_invalid"),
    (b'{"surprise":1}', "application/json; charset=utf-8", 422, "fields_invalid"),
    (b'{"username":"\\u0000","password":"x"}', "application/json", 422, "fields_invalid"),
    (b'{"username":' + b"9" * 400 + b',"password":"x"}', "application/json", 400, "malformed"),
    (b"x" * 70_000, "application/json", 413, "too_large"),
])
def test_a_malformed_body_is_refused_with_its_own_code(
        mesh: Mesh, body: bytes, kind: str, status: int, expected: str) -> None:
    response = send(mesh, "POST", "/user/login", data=body, headers={"Content-Type": kind})
    assert (response.status_code, code(response)) == (status, expected)


def test_a_type_tag_is_only_a_wrong_value(mesh: Mesh) -> None:
    started = time.monotonic()
    tagged = {"__type__": "datetime", "__value__": "zzz"}
    for fields in ({"date": tagged}, tagged):
        response = send(mesh, "POST", "/film/get_info_list", json=fields)
        assert (response.status_code, code(response)) == (422, "fields_invalid")
    assert time.monotonic() - started < 5, "no room hung on it until its deadline"


@pytest.mark.parametrize("query", ["page=1&page=2", "title=%ff", "title=%ED%A0%80"])
def test_a_malformed_query_is_refused(mesh: Mesh, query: str) -> None:
    response = send(mesh, "GET", f"/film/get_info_list?{query}")
    assert (response.status_code, code(response)) == (400, "malformed")


def test_enormous_numbers_are_refused_wherever_they_stand(mesh: Mesh) -> None:
    for number in (10**30, -(10**30), 2**63, 2**64, 1e300):
        response = send(mesh, "POST", "/film/get_all_list", json={"page": number})
        assert response.status_code in (400, 422)
    assert send(mesh, "GET", f"/film/get_all_list?page={10**30}").status_code == 422


@pytest.mark.parametrize("token", [None, "Bearer nonsense", "Basic abc", "Bearer", "Bearer " + "x" * 3000])
def test_a_client_without_a_valid_token_is_refused_with_401(mesh: Mesh, token: str | None) -> None:
    headers = {"Authorization": token} if token else {}
    for verb, path in (("POST", "/order/buy"), ("GET", "/order/get_list"), ("POST", "/user/logout")):
        response = send(mesh, verb, path, headers=headers)
        assert (response.status_code, code(response)) == (401, "unauthenticated")
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_malformed_idempotency_key_is_refused_before_the_call(mesh: Mesh) -> None:
    response = mesh.post("/order/buy", mesh.buyer(), key="k" * 256)
    assert (response.status_code, code(response)) == (400, "malformed")


def test_the_refusals_of_rooms_reach_the_client_unchanged(mesh: Mesh) -> None:
    buyer, screening = mesh.buyer(), mesh.fresh_screening(180)
    expected = {
        ("/film/get_info", "film_id", "no-such"): (404, "unknown_film"),
        ("/film/get_hall_info", "screening_id", "no-such"): (404, "unknown_screening"),
        ("/order/get_info", "order_id", "no-such"): (404, "unknown_order"),
        ("/order/cancel", "order_id", "no-such"): (404, "unknown_order"),
    }
    for (path, name, value), told in expected.items():
        response = mesh.post(path, buyer, **{name: value})
        assert (response.status_code, code(response)) == told
    free = list(mesh.seats(screening))[:2]
    assert mesh.post("/order/buy", buyer, screening_id=screening, seats=free).status_code == 200
    taken = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=free[:1])
    assert (taken.status_code, code(taken)) == (409, "seats_taken")
    assert taken.json()["seats"] == free[:1]
    wrong = mesh.post("/user/login", username="nobody-of-that-name", password="wrong password")
    assert (wrong.status_code, code(wrong)) == (401, "login_failed")


def test_a_request_id_is_returned_and_logged_by_every_room(mesh: Mesh, log_lines: LogLines) -> None:
    request_id = f"till-7.{time.time_ns()}"
    response = send(mesh, "POST", "/order/get_info", json={"order_id": "no-such"}, headers={
        "X-Request-ID": request_id, "Authorization": f"Bearer {mesh.buyer()}"})
    assert response.headers["X-Request-ID"] == request_id
    [request] = log_lines("gateway", request_id)
    assert request["status"] == 404
    assert request["event"] == "request"
    assert request["ms"] > 0
    [call] = log_lines("order", request_id)
    assert (call["event"], call["outcome"], call["room"]) == ("call", "unknown_order", "order")
    assert call["user_id"] == request["user_id"]
    [authorized] = log_lines("user", request_id)
    assert authorized["outcome"] == "ok"


def test_an_odd_request_id_is_replaced_by_a_new_one(mesh: Mesh, log_lines: LogLines) -> None:
    for odd in ('"}{"forged":"line', "x" * 65, "a b"):
        given = send(mesh, "GET", "/health", headers={"X-Request-ID": odd}).headers["X-Request-ID"]
        assert given != odd
        assert len(log_lines("gateway", given)) == 1


def test_every_response_has_the_security_headers(mesh: Mesh) -> None:
    buyer = {"Authorization": f"Bearer {mesh.buyer()}"}
    answers = [send(mesh, "GET", path) for path in (*PAGES, *READS, "/nothing")]
    answers += [send(mesh, "GET", "/order/get_list", headers=buyer), send(mesh, "GET", "/order/get_list"),
                send(mesh, "PUT", "/order/buy"), send(mesh, "POST", "/user/login", data=b"x" * 70_000),
                send(mesh, "POST", "/user/login", data=b"{"), send(mesh, "OPTIONS", "/order/buy"),
                send(mesh, "GET", "/film/get_info?film_id=no-such")]
    for answer in answers:
        where = f"{answer.request.method} {answer.request.path_url}"
        assert answer.headers["X-Content-Type-Options"] == "nosniff", where
        assert answer.headers["X-Frame-Options"] == "DENY", where
        assert answer.headers["Referrer-Policy"] == "no-referrer", where
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], where
        assert answer.headers["Strict-Transport-Security"], where
        assert answer.headers["X-Request-ID"], where
        assert "Server" not in answer.headers, where


def test_a_buyer_s_own_data_is_stored_by_no_cache(mesh: Mesh) -> None:
    assert mesh.get("/order/get_list", mesh.buyer()).headers["Cache-Control"] == "no-store"
    assert mesh.get("/order/get_list").headers["Cache-Control"] == "no-store"


def test_no_page_of_another_site_may_call_unless_its_origin_is_allowed(mesh: Mesh) -> None:
    for verb, path in (("GET", "/film/get_all_list"), ("OPTIONS", "/order/buy"), ("GET", "/nothing")):
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        response = send(mesh, verb, path, headers=headers)
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]


def test_every_system_page_is_served(mesh: Mesh) -> None:
    for path in PAGES:
        assert send(mesh, "GET", path).status_code == 200
        assert send(mesh, "HEAD", path).content == b""
    services = {room["room"]: room for room in send(mesh, "GET", "/services").json()["services"]}
    assert set(services) >= {"film", "order", "payment", "user"}
    assert services["payment"]["paths"] == ["/payment/get_cards", "/payment/remove_card"]
    assert services["payment"]["methods"] == ["get_cards", "remove_card"]
    for token, shown in ((mesh.staff(), True), (mesh.buyer(), False), ("worthless", False)):
        answer = send(mesh, "GET", "/services", headers={"Authorization": f"Bearer {token}"})
        [payment] = [room for room in answer.json()["services"] if room["room"] == "payment"]
        assert ("charge" in payment["methods"]) == shown
    assert "/order/buy" in services["order"]["paths"]
    document = send(mesh, "GET", "/openapi.json").json()
    assert {path for room in services.values() for path in room["paths"]} == \
        set(document["paths"]) - set(other_addresses.paths())
    assert send(mesh, "GET", "/openapi.json", headers={
        "If-None-Match": send(mesh, "GET", "/openapi.json").headers["ETag"]}).status_code == 304


def test_pipelined_old_and_absolute_requests_are_answered(mesh: Mesh, port: int) -> None:
    with raw_connection(port) as line:
        for _ in range(3):
            assert line.ask(get("/health")).status == 200
        line.send(get("/health") * 5 + post("/user/login") + get("/nothing"))
        assert [answer.status for _ in range(7) if (answer := line.response())] == [200] * 5 + [422, 404]
    with raw_connection(port) as line:
        assert line.ask(get("/health", version="1.0")).status == 200
        assert line.has_ended()
    with raw_connection(port) as line:
        assert line.ask(get("/health", "Connection: keep-alive", version="1.0")).status == 200
        assert line.ask(get("/health", version="1.0")).status == 200
    with raw_connection(port) as line:
        assert line.ask(get("/health", "Connection: close")).headers["connection"] == "close"
        assert line.has_ended()
    with raw_connection(port) as line:
        assert line.ask(get(f"http://127.0.0.1:{port}/health")).status == 200
