"""The gateway's entrypoint, from WSGI to a reply: fixed pages and answers in memory at once, the rest in a worker."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from eventlet.event import Event
from nameko import config
from nameko.extensions import Entrypoint

from gateway import requests
from gateway.http import cookies
from gateway.http.messages import Headers, Reply, Request
from gateway.http.server import HardServer
from gateway.live import streams
from gateway.replies import LINES, PRIVATE, STREAM, problem
from gateway.routes import methods, webhooks
from schemas import film
from schemas.base import Method
from schemas.errors import Refusal
from schemas.gateway import InternalError, MethodNotAllowed, Overloaded
from services.foundation.ids import new_id

log = logging.getLogger("marquee.request")
trouble = logging.getLogger("marquee.gateway")
BODILESS = (204, 304)
PREFLIGHT: Headers = [
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, X-Request-ID, If-None-Match"),
    ("Access-Control-Max-Age", "600"),
]
EXPOSED = "ETag, Retry-After, X-Request-ID"


class Door(Entrypoint):
    """`@door`: the decorated method answers, in a Nameko worker, whatever needs a room."""

    server = HardServer()

    def __init__(self) -> None:
        # What is unexpected is logged here, under its request id; Nameko need not log it too.
        super().__init__(expected_exceptions=Exception)

    def setup(self) -> None:
        self._settings = config["gateway"]
        self._origins = frozenset(self._settings["cors_origins"])
        # The gateway's own parts are dependencies of its service, by name.
        parts = {extension.attr_name: extension for extension in self.container.dependencies}
        self._memory, self._pages, self._live = parts["memory"], parts["pages"], parts["live"]
        # Nameko's pool is made for a room's database; a gateway mostly waits.
        self.container._worker_pool.resize(int(self._settings["call_limit"]))
        self.server.register_provider(self)

    def stop(self) -> None:
        self._live.close()
        self.server.unregister_provider(self)

    def answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """The WSGI application."""
        started = time.perf_counter()
        connection = environ["marquee.connection"]
        request = requests.read_head(environ)
        reply = self._reply(environ, request)
        headers = [*reply.headers, *cookies.sign_out(request, reply), ("X-Request-ID", request.request_id)]
        if reply.status not in BODILESS and not reply.events:
            headers.append(("Content-Length", str(len(reply.body))))
        if self._origins:
            headers += self._cors(request)
        connection.close_if_unread()
        if self.server.draining:
            connection.close_after_reply()
        _log(request, reply, started)
        write = start_response(LINES[reply.status], headers)
        if reply.events:
            connection.stream(write, reply.events)
            return []
        return [] if request.verb == "HEAD" else [reply.body]

    def _reply(self, environ: dict[str, Any], request: Request) -> Reply:
        try:
            return self._answer_or_refuse(environ, request)
        except Refusal as refusal:
            return problem(refusal, request.request_id)
        except Exception:
            trouble.exception("a request failed", extra={"request_id": request.request_id, "path": _name(request)})
            return problem(InternalError(), request.request_id)

    def _answer_or_refuse(self, environ: dict[str, Any], request: Request) -> Reply:
        if page := self._pages.find(request.path):
            return page(request)
        if address := streams.ADDRESS.fullmatch(request.path):
            return self._stream(address[1], request)
        if stranger := webhooks.find(request.path):
            return self._let_in(stranger, environ, request)
        method = request.method = methods.find(request.path)
        if method is None:
            nowhere: Reply = self._pages.nowhere(request)
            return nowhere
        if request.verb == "OPTIONS":
            return Reply(204, b"", [*PRIVATE[1:], ("Allow", ", ".join([*requests.verbs_of(method), "OPTIONS"]))])
        request.fields = requests.read_fields(environ, request, method, self._settings["body_limit"],
                                              self._settings["socket_timeout"])
        if method.fresh_for and method.access == "public":
            return self._from_memory(method, request)
        return self._call(method, request)

    def _from_memory(self, method: Method, request: Request) -> Reply:
        cache = self._memory.cache
        key = cache.key(request, method)
        answer = cache.find(key)
        request.cached = answer is not None
        if answer is None:
            answer = cache.fetch(key, method.fresh_for, ask=lambda: self._call(method, request).body)
        reply: Reply = answer.reply(request)
        return reply

    def _let_in(self, address: webhooks.Address, environ: dict[str, Any], request: Request) -> Reply:
        """Someone from outside who does not speak our API."""
        request.method, request.fields = address.read(environ, request, self._settings["socket_timeout"])
        return address.reply(self._call(request.method, request))

    def _stream(self, screening_id: str, request: Request) -> Reply:
        if request.verb != "GET":
            raise MethodNotAllowed(allowed=["GET"])
        return Reply(200, b"", STREAM, self._live.open(screening_id, request.last_event_id, self._look))

    def _look(self, screening_id: str) -> bytes:
        """The seats of a screening as they are now; the answer is in memory then for everybody."""
        method = film.GET_HALL_INFO
        request = Request("GET", method.path, new_id(), method=method, fields={"screening_id": screening_id})
        cache = self._memory.cache
        answer = cache.fetch(cache.key(request, method), method.fresh_for,
                             ask=lambda: self._call(method, request).body)
        body: bytes = answer.body
        return body

    def _call(self, method: Method, request: Request) -> Reply:
        """Let the Nameko service answer, in a worker of its own."""
        if self.container._worker_pool.free() <= 0:
            raise Overloaded(retry_after=1)
        arrival = Event()
        self.container.spawn_worker(self, (method, request), {}, context_data={},
                                    handle_result=partial(_deliver, arrival))
        reply: Reply = arrival.wait()
        return reply

    def _cors(self, request: Request) -> Headers:
        vary: Headers = [("Vary", "Origin")]
        if request.origin not in self._origins:
            return vary
        allowed: Headers = [*vary, ("Access-Control-Allow-Origin", str(request.origin))]
        return allowed + (PREFLIGHT if request.verb == "OPTIONS" else [("Access-Control-Expose-Headers", EXPOSED)])


def _log(request: Request, reply: Reply, started: float) -> None:
    log.info("%s %s", request.verb, _name(request), extra={
        "event": "request", "room": "gateway", "request_id": request.request_id, "status": reply.status,
        "ms": round((time.perf_counter() - started) * 1000, 2), "user_id": request.user_id, "cached": request.cached})


def _name(request: Request) -> str:
    """The path as we know it; what a stranger typed is cut short and never a query string."""
    return request.method.path if request.method else request.path[:80].encode("ascii", "replace").decode()


def _deliver(arrival: Event, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
    if exc_info:
        arrival.send_exception(exc_info[1])
    else:
        arrival.send(result)
    return result, exc_info


door: Any = Door.decorator
