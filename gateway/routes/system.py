"""The addresses that are no room's method: the buyer's pages, health, readiness, and the documentation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from nameko import config
from nameko.extensions import DependencyProvider

from gateway.caching.cached_response import Answer
from gateway.dependency_probe import Servers
from gateway.docs import docs_page, openapi
from gateway.http.messages import Headers, Reply, Request
from gateway.replies import HTML, JSON_HEADERS, PRIVATE
from gateway.routes.static_files import Web
from gateway.service_registry import Rooms
from schemas.gateway import MethodNotAllowed
from services.foundation.settings import says_test

READS = ("GET", "HEAD")
CSS: Headers = [("Content-Type", "text/css; charset=utf-8"), *JSON_HEADERS[1:]]
Page = Callable[[Request], Reply]


class Pages(DependencyProvider):
    def setup(self) -> None:
        self.rooms, self._servers, self._web = Rooms(), Servers(), Web(test=says_test(config))
        document = openapi.document()
        self._pages: dict[str, Page] = {
            **{path: answer.reply for path, answer in self._web.files().items()},
            "/health": self._health,
            "/ready": self._ready,
            "/services": self._services,
            "/openapi.json": Answer(JSON_HEADERS, orjson.dumps(document)).reply,
            "/docs": Answer(HTML, docs_page.render(document, says_test(config)).encode()).reply,
            "/docs.css": Answer(CSS, (Path(__file__).parents[1] / "docs" / "docs.css").read_bytes()).reply,
        }

    def get_dependency(self, worker_ctx: Any) -> "Pages":
        return self

    def find(self, path: str) -> Page | None:
        """What answers at this address, if it is one of ours."""
        if page := self._pages.get(path):
            return lambda request: _read_only(page, request)
        return self._web.page if self._web.serves(path) else None

    def nowhere(self, request: Request) -> Reply:
        """What is said where nothing is. Raises UnknownPath, unless a person looks."""
        return self._web.nowhere(request)

    def _health(self, request: Request) -> Reply:
        """This process is alive."""
        return Reply(200, b'{"status":"ok"}', PRIVATE)

    def _ready(self, request: Request) -> Reply:
        """Everything a buyer needs is there."""
        servers, rooms = self._servers.ready(), self.rooms.ready()
        ready = all(servers.values()) and all(rooms.values())
        return Reply(200 if ready else 503, orjson.dumps({"ready": ready, **servers, "rooms": rooms}), PRIVATE)

    def _services(self, request: Request) -> Reply:
        return Reply(200, orjson.dumps({"services": self.rooms.services()}), PRIVATE)


def _read_only(page: Page, request: Request) -> Reply:
    if request.verb not in READS:
        raise MethodNotAllowed(allowed=list(READS))
    return page(request)
