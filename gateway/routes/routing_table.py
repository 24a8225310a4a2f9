"""Every address of the gateway and what stands there. It is the only routing table."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from nameko import config
from nameko.extensions import DependencyProvider

from gateway.dependency_probe import DependencyProbe
from gateway.docs import openapi
from gateway.http.cookies import session_name
from gateway.http.messages import Request
from gateway.routes import methods, page_errors, sandbox_page, webhooks
from gateway.routes.method_fields import read_fields
from gateway.routes.route import READ_VERBS, Call, CallRoute, LocalRoute, PageReply, PageRoute, Route, StreamRoute
from gateway.routes.static_files import WebPages
from gateway.routes.system import SystemPages, without_slash
from gateway.service_registry import ServiceRegistry
from gateway.settings import gateway_settings
from schemas import payment
from schemas.base import Method
from services.foundation.amqp.presence import circuits_of
from services.foundation.settings import is_demonstration

Found = tuple[Route, str]    # the route, and the part of the path that its pattern captures


class RoutingTable:
    """An exact path comes first, then a method's other spellings, then the patterns in their order."""

    def __init__(self, pages: Mapping[str, PageReply], web: WebPages, body_limit: int,
                 for_staff: Mapping[str, PageReply] | None = None) -> None:
        """`for_staff`: what stands at the paths of some pages for staff."""
        self._exact: dict[str, Route] = {
            **{path: PageRoute(template=path, reply=reply, for_staff=(for_staff or {}).get(path))
               for path, reply in pages.items()},
            **{path: PageRoute(template="/" if path == "/" else "/web/{file}", reply=reply)
               for path, reply in web.files().items()},
            **{method.path: _method_route(method, body_limit) for method in methods.PUBLIC.values()},
            page_errors.REPORT_ERROR.path: LocalRoute(
                template=page_errors.REPORT_ERROR.path, method=page_errors.REPORT_ERROR, verbs=("POST",),
                reply=page_errors.report_error, body_limit=page_errors.REPORT_LIMIT),
        }
        webhook = CallRoute(template="/payment/webhook/{provider}", verbs=("POST",), read=webhooks.read_call,
                            body_limit=payment.WEBHOOK_LIMIT)
        sandbox = CallRoute(template="/payment/sandbox/{payment_id}", verbs=(*READ_VERBS, "POST"),
                            read=sandbox_page.read_call, body_limit=sandbox_page.FORM_LIMIT,
                            convert=sandbox_page.html_reply)
        buyers_page = PageRoute(template="/{page}", browsers_only=True, reply=web.page)
        self._patterns: list[tuple[re.Pattern[str], Route]] = [
            (re.compile(r"/live/([A-Za-z0-9_-]{1,64})"), StreamRoute(template="/live/{screening_id}")),
            (re.compile(r"/payment/webhook/([A-Za-z0-9_-]{1,64})"), webhook),
            (re.compile(r"/payment/sandbox/([A-Za-z0-9_-]{1,64})"), sandbox),
            (re.compile(r"/(film|screening|order|receipt)/[A-Za-z0-9_-]{1,64}"), buyers_page),
            (re.compile(r"/(account|confirm|forgotten|reset|kitchen|door|insight)"), buyers_page),
        ]
        self._not_found = PageRoute(template="unknown", browsers_only=True, reply=web.not_found)

    def find(self, path: str) -> Found:
        """The route of a path, and the variable part of the path ("" if it has none).

        An unknown path has a route, too: its page tells a person so.
        """
        if route := self._exact.get(path):
            return route, ""
        if method := methods.find(path):
            return self._exact[method.path], ""
        for pattern, route in self._patterns:
            if match := pattern.fullmatch(path):
                return route, match[1]
        page = self.find(path[:-1])[0] if re.search(r"[^/]/\Z", path) else self._not_found
        if isinstance(page, PageRoute) and page.browsers_only and page is not self._not_found:
            return replace(page, reply=without_slash, for_staff=None), ""
        return self._not_found, ""


def _method_route(method: Method, body_limit: int) -> CallRoute:
    return CallRoute(template=method.path, method=method, verbs=methods.verbs_of(method), options=True,
                     read=partial(_read_call, method), body_limit=body_limit,
                     fresh_for=method.fresh_for if method.access == "public" else 0.0)


def _read_call(method: Method, request: Request) -> Call:
    return method, read_fields(method, request)


class Routes(DependencyProvider):
    """Injects itself: the routing table, and the registry of services that its pages show."""

    def setup(self) -> None:
        test = is_demonstration(config)
        self.registry = ServiceRegistry()
        circuits = partial(circuits_of, self.container)
        document = openapi.document(_most(config["order"]), str(config["public_url"] or ""),
                                    session_name())
        pages = SystemPages(self.registry, DependencyProbe(), circuits, document, test)
        web = WebPages(test=test, most_seats=config["order"]["seats_per_order"])
        self._table = RoutingTable(pages.replies(), web, gateway_settings().body_limit, pages.for_staff())

    def get_dependency(self, worker_ctx: Any) -> "Routes":
        return self

    def find(self, path: str) -> Found:
        """See RoutingTable.find."""
        return self._table.find(path)


def _most(order: Mapping[str, Any]) -> dict[str, int]:
    """What an order may have, by the settings of its room."""
    return {"seats": order["seats_per_order"], "snacks": order["snacks_per_order"],
            "quantity": order["snacks_of_a_kind"]}
