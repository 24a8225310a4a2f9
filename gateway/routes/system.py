"""The pages about the system itself: health, readiness, the services that run, and the API's documentation."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from gateway.caches.cached_response import CachedResponse
from gateway.dependency_probe import DependencyProbe
from gateway.docs import docs_page
from gateway.http.messages import Headers, Reply, Request
from gateway.replies import HTML, JSON_HEADERS, PRIVATE
from gateway.routes.route import PageReply
from gateway.service_registry import NEEDED_TO_SELL, ServiceRegistry

CSS: Headers = [("Content-Type", "text/css; charset=utf-8"), *JSON_HEADERS[1:]]
DOCS_CSS = Path(__file__).parents[1] / "docs" / "docs.css"


class SystemPages:
    """`circuits`: returns the states of this process's circuits. `test`: the documentation is of a demonstration.
    `document`: the OpenAPI document.
    """

    def __init__(self, registry: ServiceRegistry, probe: DependencyProbe, circuits: Callable[[], Mapping[str, str]],
                 document: dict[str, Any], test: bool) -> None:
        self._registry, self._probe, self._circuits = registry, probe, circuits
        self._document, self._test = document, test

    def replies(self) -> Mapping[str, PageReply]:
        """Each page by its path."""
        document = self._document
        return {
            "/health": self._health,
            "/ready": self._ready,
            "/services": self._public_services,
            "/openapi.json": CachedResponse(JSON_HEADERS, orjson.dumps(document)).reply,
            "/docs": CachedResponse(HTML, docs_page.render(document, self._test).encode()).reply,
            "/docs.css": CachedResponse(CSS, DOCS_CSS.read_bytes()).reply,
        }

    def for_staff(self) -> Mapping[str, PageReply]:
        """Those that show staff more, by their paths."""
        return {"/services": self._all_services}

    def _health(self, request: Request) -> Reply:
        """This process is alive."""
        return Reply(200, b'{"status":"ok"}', PRIVATE)

    def _ready(self, request: Request) -> Reply:
        """200 when everything that a buyer needs is there and answers the rooms, else 503."""
        servers, rooms, silent = self._probe.ready(), self._registry.ready(), self._registry.silent_servers()
        optional = sorted(rooms.keys() - NEEDED_TO_SELL)
        ready = all(servers.values()) and all(rooms.values()) and not silent
        selling = all(servers.values()) and not any(room in silent or not rooms[room] for room in NEEDED_TO_SELL)
        body = {"ready": ready, "selling": selling, **servers, "rooms": rooms, "optional_rooms": optional,
                "silent_servers": silent}
        return Reply(200 if ready else 503, orjson.dumps(body), PRIVATE)

    def _public_services(self, request: Request) -> Reply:
        return self._list(self._registry.services())

    def _all_services(self, request: Request) -> Reply:
        return self._list(self._registry.services(internal=True))

    def _list(self, services: list[dict[str, Any]]) -> Reply:
        circuits = {**self._registry.circuits(), "gateway": self._circuits()}
        return Reply(200, orjson.dumps({"services": services, "circuits": circuits}), PRIVATE)


def without_slash(request: Request) -> Reply:
    """Lead to the page at the same address without the slash at its end."""
    query = request.environ.get("QUERY_STRING", "")
    location = request.path[:-1] + (f"?{query}" if query else "")
    return Reply(308, b"", [*HTML, ("Location", location)])
