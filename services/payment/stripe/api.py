"""Requests to Stripe, with its errors as RoomSilent.

The calls are blocking ones of the `requests` library; in a room they wait as greenlets do.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import stripe
from opentelemetry.trace import SpanKind

from schemas.errors import RoomSilent
from services.foundation.tracing import spans

log = logging.getLogger("marquee.stripe")
logging.getLogger("stripe").setLevel(logging.WARNING)   # its other lines have the names of kept cards in them
T = TypeVar("T")

TIMEOUT = (3.05, 10)   # seconds to connect, and to answer
PAGE = 100
REJECTIONS = (stripe.InvalidRequestError, stripe.CardError)


class TracedRequests(stripe.RequestsClient):
    """Stripe's client with a span of each request; it has no path, which may name a customer or a card."""

    def request(self, method: str, url: str, *given: Any, **more: Any) -> Any:
        """Send one request and return its answer."""
        attributes = {"http.request.method": method.upper(), "server.address": urlsplit(url).hostname or "",
                      "marquee.peer": "provider"}
        with spans.span(f"stripe {method.upper()}", SpanKind.CLIENT, attributes):
            return super().request(method, url, *given, **more)


class StripeApi:
    """Stripe's API for one secret key. `missing_permissions`: what the key turned out not to be allowed to read."""

    def __init__(self, secret_key: str, api: str) -> None:
        self.missing_permissions: set[str] = set()
        self.v1: Any = stripe.StripeClient(
            secret_key, base_addresses={"api": api}, max_network_retries=0,  # this room looks before it repeats
            http_client=TracedRequests(timeout=TIMEOUT)).v1

    def send(self, request: Callable[[], T]) -> T:
        """Stripe's answer. Raises one of REJECTIONS, or RoomSilent if the outcome is not known."""
        try:
            return request()
        except REJECTIONS:
            raise
        except stripe.StripeError as problem:
            # Its text may repeat what we sent; its class is enough.
            log.warning("no answer from stripe", extra={"problem": type(problem).__name__,
                                                        "status": problem.http_status})
            raise RoomSilent(room="stripe") from None

    def ask(self, question: Callable[[], T]) -> T:
        """The answer to a request that changes nothing; raises RoomSilent also if Stripe rejects it."""
        try:
            return self.send(question)
        except REJECTIONS as rejection:
            log.error("stripe rejected a read", extra={"reason": rejection.code})
            raise RoomSilent(room="stripe") from None

    def ask_if_allowed(self, permission: str, question: Callable[[], T]) -> T | None:
        """The same; None if the key lacks the permission to read `permission`, logged once until it is granted."""
        try:
            answer = self.ask(lambda: self._permitted(question))
        except _Forbidden:
            if permission not in self.missing_permissions:
                self.missing_permissions.add(permission)
                log.error("The key for Stripe lacks the permission to read %s. Payments go on without it, but money "
                          "that leaves a payment without this system may not be noticed.", permission)
            return None
        self.missing_permissions.discard(permission)
        return answer

    def retrieve(self, resource: Any, reference: str) -> Any:
        """The object of that id; None if there is none. For use inside `ask`."""
        try:
            return resource.retrieve(reference)
        except REJECTIONS as rejection:
            if rejection.code == "resource_missing":
                return None
            raise

    def pages(self, resource: Any, params: dict[str, Any]) -> Iterable[Any]:
        """All objects of a list, fetched a page at a time."""
        return resource.list({**params, "limit": PAGE}).auto_paging_iter()

    def _permitted(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except stripe.PermissionError:
            raise _Forbidden() from None


class _Forbidden(Exception):
    """The key lacks a permission."""
