"""The gateway's entrypoint, from WSGI to a reply: a page or a cached response at once, anything else in a worker."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from eventlet.event import Event
from nameko.extensions import Entrypoint

from gateway import request_log
from gateway.caches.cached_response import CachedResponse
from gateway.http import cookies, request_reader
from gateway.http.cross_origin import cross_origin_headers
from gateway.http.messages import Environ, Headers, Reply, Request
from gateway.http.server import HttpServer
from gateway.replies import PRIVATE, STATUS_LINES, STREAM, problem
from gateway.routes.route import CallRoute, LocalRoute, PageRoute, Route
from gateway.settings import gateway_settings
from gateway.traces import describe_reply, request_span
from schemas import film, user
from schemas.base import Method
from schemas.errors import Refusal
from schemas.gateway import InternalError, Overloaded
from schemas.roles import allows
from services.foundation import metrics
from services.foundation.ids import new_id
from services.foundation.tracing import spans, trace_context
from services.foundation.tracing.span_attributes import record_error

log = logging.getLogger("marquee.gateway")
BODILESS = (204, 304)


class HttpEntrypoint(Entrypoint):
    """`@http_entrypoint`: the decorated method calls a room for a request, in a Nameko worker, and returns a Reply."""

    server = HttpServer()

    def __init__(self) -> None:
        # Unexpected exceptions are logged here, with their request id; Nameko need not log them too.
        super().__init__(expected_exceptions=Exception)

    def setup(self) -> None:
        self._settings = gateway_settings()
        # The gateway's own parts are dependencies of its service, by name.
        parts = {extension.attr_name: extension for extension in self.container.dependencies}
        self._caches, self._routes, self._streams = parts["caches"], parts["routes"], parts["streams"]
        self._request_limits = parts["request_limits"]
        # Nameko sizes the pool for a room's database; the workers of a gateway mostly wait.
        self.container._worker_pool.resize(self._settings.call_limit)
        self.server.register_provider(self)

    def stop(self) -> None:
        self._streams.close()
        self.server.unregister_provider(self)

    def application(self, environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        """The WSGI application."""
        started = time.perf_counter()
        connection = environ["marquee.connection"]
        request = request_reader.read_head(environ)
        route, request.parameter = self._routes.find(request.path)
        request.route, request.method = route.template, route.method
        span = request_span(request, records=isinstance(route, CallRoute))
        with spans.use_span(span, recorded=True):
            reply = self._reply(route, request)
            connection.close_if_unread()
            if self.server.draining:
                connection.close_after_reply()
            metrics.observe_request(request.verb, request.route, reply.status, started)
            request_log.write(request, reply, started)
            headers = self._headers(route, request, reply)
            describe_reply(span, request, reply)
        write = start_response(STATUS_LINES[reply.status], headers)
        if reply.events:
            connection.stream(write, reply.events)
            return []
        return [] if request.verb == "HEAD" else [reply.body]

    def _headers(self, route: Route, request: Request, reply: Reply) -> Headers:
        headers = [*reply.headers, *cookies.sign_out_cookies(request, reply), ("X-Request-ID", request.request_id)]
        if not isinstance(route, PageRoute):   # whose first view is some fifty replies, and nothing goes on behind them
            headers.append(("traceparent", str(trace_context.traceparent())))
        if reply.status not in BODILESS and not reply.events:
            headers.append(("Content-Length", str(len(reply.body))))
        return headers + cross_origin_headers(request, gateway_settings().cors_origins)

    def _reply(self, route: Route, request: Request) -> Reply:
        try:
            return self._dispatch(route, request)
        except Refusal as refusal:
            record_error(refusal)
            return problem(refusal, request.request_id)
        except Exception as error:
            record_error(error)
            log.exception("a request failed", extra={"request_id": request.request_id,
                                                     "path": request_log.path_of(request)})
            return problem(InternalError(), request.request_id)

    def _dispatch(self, route: Route, request: Request) -> Reply:
        """The reply of the route; raises its refusals."""
        if route.options and request.verb == "OPTIONS":
            return Reply(204, b"", [*PRIVATE[1:], ("Allow", ", ".join([*route.verbs, "OPTIONS"]))])
        route.check(request)
        if isinstance(route, PageRoute):
            return (route.for_staff if route.for_staff and self._is_staff(request) else route.reply)(request)
        request.address = self._request_limits.address_of(request.environ)
        if route.method:    # a webhook is its provider's, and has limits of its own
            self._request_limits.check_address(route.method, request.address)
        if isinstance(route, CallRoute | LocalRoute):
            request.read_body = partial(request_reader.read_body, request.environ, route.body_limit,
                                        self._settings.socket_timeout)
            return route.reply(request) if isinstance(route, LocalRoute) else self._reply_of_call(route, request)
        return Reply(200, b"", STREAM, self._streams.open(request.parameter, request.last_event_id, request.address,
                                                         self._current_seats))

    def _reply_of_call(self, route: CallRoute, request: Request) -> Reply:
        method, fields = route.read(request)
        request.method, request.fields = method, fields
        if route.fresh_for:
            return self._cached_response(method, request).reply(request)
        reply = self._call_room(request)
        return route.convert(request, reply) if route.convert else reply

    def _is_staff(self, request: Request) -> bool:
        """Whether the token of the request is one of staff; no, if that can't be found out."""
        if request.token is None:
            return False
        method, fields = user.AUTHORIZE, {"token": request.token}
        try:
            reply = self._call_room(Request("POST", method.path, request.request_id, method=method, fields=fields))
        except Refusal:
            return False
        return allows("staff", orjson.loads(reply.body)["roles"])

    def _cached_response(self, method: Method, request: Request) -> CachedResponse:
        found: CachedResponse | None = self._caches.responses.find(self._caches.responses.key(method, request))
        request.cached = found is not None
        return found or self._fetch(method, request)

    def _current_seats(self, screening_id: str) -> bytes:
        """The seats of a screening as they are now, for a stream; any client gets them from the cache then."""
        method = film.GET_HALL_INFO
        request = Request("GET", method.path, new_id(), method=method, fields={"screening_id": screening_id})
        return self._fetch(method, request).body

    def _fetch(self, method: Method, request: Request) -> CachedResponse:
        """Call the room, and cache its reply for as long as the method allows."""
        responses = self._caches.responses
        fetched: CachedResponse = responses.fetch(responses.key(method, request), method.fresh_for,
                                                  call=lambda: self._call_room(request).body)
        return fetched

    def _call_room(self, request: Request) -> Reply:
        """Run the decorated method in a worker of its own. Raises Overloaded when no worker is free."""
        if self.container._worker_pool.free() <= 0:
            raise Overloaded(retry_after=1)
        outcome = Event()
        self.container.spawn_worker(self, (request,), {}, context_data={"traceparent": trace_context.traceparent()},
                                    handle_result=partial(_deliver, outcome))
        reply: Reply = outcome.wait()
        return reply


def _deliver(outcome: Event, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
    if exc_info:
        outcome.send_exception(exc_info[1])
    else:
        outcome.send(result)
    return result, exc_info


http_entrypoint: Any = HttpEntrypoint.decorator
