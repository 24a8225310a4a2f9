"""The entrypoint carries out routes: with a worker or without, from the cache, and with the headers of every reply."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import nameko
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from gateway import entrypoint as entrypoints
from gateway.caches.principals import PrincipalCache
from gateway.caches.responses import ResponseCache
from gateway.entrypoint import HttpEntrypoint
from gateway.http.messages import Reply, Request
from gateway.replies import PRIVATE, result
from gateway.routes.routing_table import RoutingTable
from gateway.routes.static_files import WebPages
from gateway.settings import GatewaySettings
from schemas import user
from schemas.base import Method
from schemas.errors import Refusal, RoomUnavailable, Unauthenticated
from schemas.gateway import TooManyRequests
from schemas.order import SeatsTaken
from tests.drivers.recorded_spans import RecordedSpans

SETTINGS = GatewaySettings(body_limit=100, connection_limit=10, connections_per_address=10, call_limit=10,
                           socket_timeout=1, stream_limit=10, streams_per_address=10,
                           token_cache_seconds=5, cors_origins=frozenset({"https://cinema.example"}))


def health(request: Request) -> Reply:
    return Reply(200, b'{"status":"ok"}', PRIVATE)


def services(request: Request) -> Reply:
    return Reply(200, b"public", PRIVATE)


def all_services(request: Request) -> Reply:
    return Reply(200, b"all", PRIVATE)


TABLE = RoutingTable({"/health": health, "/services": services}, WebPages(), SETTINGS.body_limit,
                     {"/services": all_services})


@dataclass
class Connection:
    """Notes what the entrypoint asks of it."""

    sent: list[bytes] = field(default_factory=list)

    def close_if_unread(self) -> None: ...

    def stream(self, write: Callable[[bytes], None], events: Any) -> None:
        self.sent.extend(events)


class Room:
    """The decorated method: returns its reply, or raises it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.reply: Reply | Exception = result({"seats": []})

    def __call__(self, request: Request) -> Reply:
        self.requests.append(request)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


class Streams:
    def open(self, screening_id: str, last_event_id: str | None, client: str,
             read_seats: Callable[[str], bytes]) -> list[bytes]:
        return [read_seats(screening_id), str(last_event_id).encode(), client.encode()]


class Container:
    """Nameko's container, as far as the entrypoint uses it; it runs a worker at once."""

    def __init__(self, room: Room) -> None:
        caches = SimpleNamespace(attr_name="caches", responses=ResponseCache(), principals=PrincipalCache(5))
        routes = SimpleNamespace(attr_name="routes", find=TABLE.find)
        streams = Streams()
        streams.attr_name = "streams"  # type: ignore[attr-defined]
        self.refusals: list[Refusal] = []    # for the next calls from an address
        limits = SimpleNamespace(attr_name="request_limits", address_of=lambda environ: "192.0.2.1",
                                 check_address=self.check_address)
        self.dependencies, self.room, self.free = [caches, routes, streams, limits], room, 10
        self._worker_pool = SimpleNamespace(resize=lambda size: None, free=lambda: self.free)

    def check_address(self, method: Method, address: str) -> None:
        if self.refusals:
            raise self.refusals.pop()

    def spawn_worker(self, entrypoint: Any, args: tuple[Request], kwargs: Any, context_data: Any,
                     handle_result: Callable[..., Any]) -> None:
        try:
            handle_result(None, self.room(*args), None)
        except Exception as error:
            handle_result(None, None, (type(error), error, None))


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes
    connection: Connection

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"])


class Gateway:
    """An entrypoint without a network."""

    def __init__(self) -> None:
        self.room = Room()
        self.container = Container(self.room)
        self.entrypoint = HttpEntrypoint()
        self.entrypoint.container = self.container
        self.entrypoint.setup()

    def ask(self, verb: str, path: str, query: str = "", **headers: str) -> Response:
        connection, started = Connection(), dict[str, Any]()
        environ = {"REQUEST_METHOD": verb, "PATH_INFO": path, "QUERY_STRING": query, "marquee.connection": connection,
                   **{f"HTTP_{name}": value for name, value in headers.items()}}

        def start_response(status: str, headers: list[tuple[str, str]]) -> Callable[[bytes], None]:
            started.update(status=int(status.split()[0]), headers=dict(headers))
            return connection.sent.append

        body = b"".join(self.entrypoint.application(environ, start_response))
        return Response(started["status"], started["headers"], body, connection)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setattr(entrypoints, "gateway_settings", lambda: SETTINGS)
    with nameko.config.patch({"environment": "local"}):
        yield Gateway()


def test_a_page_needs_no_worker(gateway: Gateway) -> None:
    gateway.container.free = 0
    page = gateway.ask("GET", "/health")
    assert (page.status, page.body, page.headers["Content-Length"]) == (200, b'{"status":"ok"}', "15")
    assert gateway.ask("HEAD", "/health").body == b""


@pytest.mark.parametrize(("roles", "shown"), [([], b"public"), (["cook@kanal"], b"all")])
def test_staff_are_shown_more_of_a_page(gateway: Gateway, roles: list[str], shown: bytes) -> None:
    gateway.room.reply = result({"roles": roles})
    assert gateway.ask("GET", "/services", AUTHORIZATION="Bearer secret").body == shown
    [asked] = gateway.room.requests
    assert asked.method is user.AUTHORIZE
    assert asked.fields == {"token": "secret"}
    assert gateway.ask("GET", "/services").body == b"public"
    assert len(gateway.room.requests) == 1


@pytest.mark.parametrize("problem", [Unauthenticated(), RoomUnavailable(room="user")])
def test_a_token_that_nobody_vouches_for_is_shown_what_everybody_is(gateway: Gateway, problem: Exception) -> None:
    gateway.room.reply = problem
    page = gateway.ask("GET", "/services", AUTHORIZATION="Bearer secret")
    assert (page.status, page.body) == (200, b"public")


def test_a_call_without_a_free_worker_is_refused(gateway: Gateway) -> None:
    gateway.container.free = 0
    refused = gateway.ask("POST", "/order/buy")
    assert (refused.status, refused.code) == (503, "overloaded")
    assert not gateway.room.requests


def test_a_call_gets_its_method_and_its_fields(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/order/GetInfo", "order_id=o1").status == 200
    [request] = gateway.room.requests
    assert request.method
    assert (request.method.path, request.fields) == ("/order/get_info", {"order_id": "o1"})


def test_a_public_read_is_repeated_from_memory(gateway: Gateway) -> None:
    first, again = (gateway.ask("GET", "/film/get_hall_info", "screening_id=s1") for _ in range(2))
    assert first.body == again.body == b'{"seats":[]}'
    assert len(gateway.room.requests) == 1
    assert gateway.ask("GET", "/film/get_hall_info", "screening_id=s1",
                       IF_NONE_MATCH=first.headers["ETag"]).status == 304


def test_an_address_that_asks_too_often_is_told_when_to_come_again(gateway: Gateway) -> None:
    """Also if the reply is in the cache; a webhook and a page are not counted."""
    gateway.ask("GET", "/film/get_hall_info", "screening_id=s1")
    too_many = TooManyRequests(retry_after=12.2, policy="reads", quota=6000, window=60)
    gateway.container.refusals = [too_many]
    refused = gateway.ask("GET", "/film/get_hall_info", "screening_id=s1")
    assert (refused.status, refused.code) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "13"
    assert refused.headers["RateLimit-Policy"] == '"reads";q=6000;w=60'
    assert refused.headers["RateLimit"] == '"reads";r=0;t=13'

    gateway.container.refusals = [too_many]
    assert gateway.ask("GET", "/health").status == gateway.ask("POST", "/payment/webhook/stripe").status == 200


def test_a_report_of_a_page_is_answered_without_a_worker_and_counted(gateway: Gateway) -> None:
    gateway.container.free = 0
    assert gateway.ask("POST", "/page/report_error").body == b"{}"
    gateway.container.refusals = [TooManyRequests(retry_after=12.2)]
    assert gateway.ask("POST", "/page/report_error").status == 429
    assert gateway.ask("GET", "/page/report_error").status == 405


def test_a_stream_reads_the_seats_anew_and_leaves_them_in_the_cache(gateway: Gateway) -> None:
    gateway.ask("GET", "/film/get_hall_info", "screening_id=s1")
    stream = gateway.ask("GET", "/live/s1", LAST_EVENT_ID="7-abc")
    assert stream.connection.sent == [b'{"seats":[]}', b"7-abc", b"192.0.2.1"]
    assert "Content-Length" not in stream.headers
    assert len(gateway.room.requests) == 2
    gateway.ask("GET", "/film/get_hall_info", "screening_id=s1")
    assert len(gateway.room.requests) == 2


def test_a_webhook_is_converted_into_a_call(gateway: Gateway) -> None:
    gateway.ask("POST", "/payment/webhook/stripe", STRIPE_SIGNATURE="t=1")
    [request] = gateway.room.requests
    assert request.fields == {"provider": "stripe", "body": "", "headers": {"stripe-signature": "t=1"}}


def test_the_reply_of_the_sandbox_page_is_converted_into_html(gateway: Gateway) -> None:
    gateway.room.reply = result({"html": "<p>", "location": None, "return_origin": None})
    page = gateway.ask("GET", "/payment/sandbox/p1", ACCEPT_LANGUAGE="zh-CN,zh;q=0.9")
    assert (page.body, page.headers["Content-Type"]) == (b"<p>", "text/html; charset=utf-8")
    assert gateway.room.requests[0].fields == {"payment_id": "p1", "language": "zh"}


def test_the_refusal_of_a_room_is_a_problem(gateway: Gateway) -> None:
    gateway.room.reply = RoomUnavailable(room="order")
    refused = gateway.ask("POST", "/order/buy", X_REQUEST_ID="r-1")
    assert (refused.status, refused.code, refused.headers["X-Request-ID"]) == (503, "room_unavailable", "r-1")


def test_an_unexpected_exception_is_logged_and_not_shown(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    gateway.room.reply = RuntimeError("hunter2")
    refused = gateway.ask("POST", "/order/buy")
    assert (refused.status, refused.code) == (500, "internal_error")
    assert b"hunter2" not in refused.body
    assert "hunter2" in caplog.text


def test_options_names_the_verbs_of_a_method_without_a_call(gateway: Gateway) -> None:
    reply = gateway.ask("OPTIONS", "/film/get_all_list", ORIGIN="https://cinema.example")
    assert (reply.status, reply.headers["Allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    assert reply.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Content-Length" not in reply.headers
    assert not gateway.room.requests


@pytest.mark.parametrize(("origin", "allowed"), [("https://cinema.example", True), ("https://evil.example", False)])
def test_only_an_allowed_origin_may_read_a_reply(gateway: Gateway, origin: str, allowed: bool) -> None:
    for path in ("/health", "/order/get_list", "/nothing"):
        headers = gateway.ask("GET", path, ORIGIN=origin).headers
        assert ("Access-Control-Allow-Origin" in headers) == allowed
        assert headers["Vary"] == "Origin"


@pytest.mark.parametrize("verb", ["PUT", "POST"])
def test_every_reply_to_signing_out_deletes_the_cookie(gateway: Gateway, verb: str) -> None:
    """Also a reply that refuses the verb."""
    assert "Max-Age=0" in gateway.ask(verb, "/user/logout", X_SESSION="cookie").headers["Set-Cookie"]


def test_a_logged_path_is_short_and_has_no_query(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "marquee.request")
    gateway.ask("GET", "/" + "x" * 500, "token=secret")
    assert "GET /" + "x" * 79 in caplog.messages
    assert "secret" not in caplog.text


# --- traces ---

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
READ = "/film/get_all_list"


def read_films(gateway: Gateway, problem: Exception | None = None, **headers: str) -> Response:
    gateway.room.reply = problem or result([])
    return gateway.ask("GET", READ, **headers)


def span_id(span: ReadableSpan) -> str:
    return f"{span.context.span_id:016x}"


def test_a_request_has_a_span_and_its_reply_names_it(gateway: Gateway, recorded: RecordedSpans) -> None:
    reply = read_films(gateway, TRACEPARENT=GIVEN, X_REQUEST_ID="r1")
    span = recorded[f"GET {READ}"]
    assert reply.headers["traceparent"] == f"{GIVEN[:36]}{span_id(span)}-01"
    assert (span.kind, span.status.status_code) == (SpanKind.SERVER, StatusCode.UNSET)
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == GIVEN[36:52]
    assert span.attributes == {
        "http.request.method": "GET", "http.route": READ, "http.response.status_code": 200,
        "marquee.request_id": "r1", "marquee.cached": False}


@pytest.mark.parametrize(("verb", "path", "name"), [
    ("POST", "/payment/webhook/canary", "POST /payment/webhook/{provider}"),
    ("GET", "/payment/sandbox/canary", "GET /payment/sandbox/{payment_id}"),
    ("CANARY", READ, f"_OTHER {READ}")])
def test_a_span_names_the_route_and_nothing_of_the_address_or_verb(
        gateway: Gateway, recorded: RecordedSpans, verb: str, path: str, name: str) -> None:
    gateway.ask(verb, path, "token=canary")
    span = recorded[name]
    assert span.attributes is not None
    assert span.attributes["http.route"] == name.partition(" ")[2]
    assert "canary" not in span.to_json().lower()


def test_a_request_without_a_trace_begins_one(gateway: Gateway, recorded: RecordedSpans) -> None:
    assert read_films(gateway, TRACEPARENT="00-canary").status == 200
    assert recorded[f"GET {READ}"].parent is None


@pytest.mark.parametrize(("problem", "status", "outcome"), [
    (SeatsTaken(seats=["F8"]), 409, StatusCode.UNSET), (RoomUnavailable(room="film"), 503, StatusCode.ERROR),
    (ZeroDivisionError("canary"), 500, StatusCode.ERROR)])
def test_a_problem_names_its_trace(gateway: Gateway, recorded: RecordedSpans, problem: Exception, status: int,
                                   outcome: StatusCode) -> None:
    reply = read_films(gateway, problem, TRACEPARENT=GIVEN)
    span = recorded[f"GET {READ}"]
    assert (reply.status, json.loads(reply.body)["trace_id"]) == (status, GIVEN[3:35])
    assert span.attributes is not None
    assert (span.status.status_code, span.attributes["http.response.status_code"]) == (outcome, status)
    assert "canary" not in span.to_json()


def test_what_needs_no_room_has_no_span(gateway: Gateway, recorded: RecordedSpans) -> None:
    for path in ("/health", "/nothing"):
        reply = gateway.ask("GET", path, TRACEPARENT=GIVEN)
        assert "traceparent" not in reply.headers
    assert json.loads(reply.body)["trace_id"] == GIVEN[3:35]
    assert recorded.names() == []


def test_looking_at_traces_makes_none(gateway: Gateway, recorded: RecordedSpans) -> None:
    gateway.room.reply = result({})
    reply = gateway.ask("GET", "/insight/get_traces", TRACEPARENT=GIVEN)
    assert (reply.status, reply.headers["traceparent"]) == (200, GIVEN[:-1] + "0")
    assert recorded.names() == []
