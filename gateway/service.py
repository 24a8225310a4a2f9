"""The gateway's service: it finds a request's principal, calls the room, and returns the reply."""

from typing import Any

from nameko.exceptions import BadRequest

from gateway.caches.principals import Principal, permit
from gateway.caches.provider import Caches
from gateway.entrypoint import http_entrypoint
from gateway.http import cookies
from gateway.http.messages import Reply, Request
from gateway.http.request_reader import user_agent
from gateway.live.streams import SeatStreams
from gateway.rate_limits.method_classes import REGISTRATION, SIGN_IN, class_of
from gateway.rate_limits.request_limits import RequestLimits
from gateway.replies import result
from gateway.routes.routing_table import Routes
from gateway.settings import GatewaySettingsProvider
from schemas import order, payment, user
from schemas.base import Method
from schemas.errors import RoomUnavailable
from schemas.gateway import OtherUser
from services.foundation.amqp.announcements import on_announcement
from services.foundation.amqp.presence import Presence, on_presence
from services.foundation.readiness.storage import storage
from services.foundation.rpc.client import Remote


def sign_in_context(method: Method, request: Request) -> dict[str, Any]:
    """What the user room hears about whoever types a password, besides the fields."""
    about = {"address": request.address} if class_of(method) in (SIGN_IN, REGISTRATION) else {}
    return {**about, "user_agent": user_agent(request.environ)} if method in user.SIGN_IN else about


class Gateway:
    """The routes are in gateway/routes/routing_table.py; those that need a room run `call_room`."""

    name = "gateway"

    settings = GatewaySettingsProvider()
    presence = Presence()
    remote = Remote()
    caches = Caches()
    routes = Routes()
    streams = SeatStreams()
    request_limits = RequestLimits()

    @http_entrypoint
    def call_room(self, request: Request) -> Reply:
        """Call the request's method for its principal. Raises the refusals of the gateway and of the room."""
        method = request.method
        assert method is not None
        storage().check(method)    # first: with no storage left RabbitMQ takes no message, not even to find a principal
        principal = self.principal_of(method, request)
        if principal:
            self.request_limits.check_account(method, principal, request)
        fields = cookies.fields_with_tokens(method, request)
        try:
            reply = self.call(method, fields, caller=principal, request_id=request.request_id,
                              idempotency_key=request.idempotency_key, **sign_in_context(method, request))
        except payment.WebhookRefused:
            self.request_limits.count_forgery(request.address)
            raise
        self.invalidate_after(method, reply, principal)
        return cookies.reply_with_cookie(method, reply) if request.wants_cookie else result(reply)

    def principal_of(self, method: Method, request: Request) -> Principal | None:
        """The verified principal; None for a method that needs none. Raises Unauthenticated, OtherUser, Forbidden."""
        if method.access in ("public", "internal"):  # an internal method has a route of its own, such as a webhook's
            return None
        principal = self.caches.principals.find(request.token, lambda token: self.call(
            user.AUTHORIZE, {"token": token}, request_id=request.request_id))
        request.user_id = principal["user_id"]
        # Signing out ends this browser's session, even if it belongs to another user by now.
        if request.expected_user not in (None, principal["username"]) and method is not user.LOGOUT:
            raise OtherUser()
        permit(method, principal)
        return principal

    def call(self, method: Method, fields: dict[str, Any], **context: Any) -> Any:
        """The room's reply, as plain JSON types. Raises its refusals, and RoomUnavailable."""
        try:
            return self.remote.call(method, fields, **context)
        except BadRequest:  # the room runs an older or newer version of the method
            raise RoomUnavailable(room=method.room) from None

    def invalidate_after(self, method: Method, reply: Any, principal: Principal | None) -> None:
        """A client that has changed something must not get the state of before from a cache."""
        if method is user.LOGOUT and principal:
            self.caches.principals.forget(principal["token_id"])
        if not method.reads and method.screening_field:
            self.seats_changed([reply.get(method.screening_field)])

    # --- announcements of rooms ---

    @on_announcement(order.SEATS_CHANGED, everywhere=True)
    def seats_changed(self, screening_ids: list[str]) -> None:
        """Drop the cached seats of these screenings, and let their streams read them again."""
        for screening_id in screening_ids:
            self.caches.responses.invalidate(screening_id)
            self.streams.refresh(screening_id)

    @on_announcement(user.TOKENS_REVOKED, everywhere=True)
    def tokens_revoked(self, token_ids: list[str]) -> None:
        """Forget the principals behind these tokens."""
        for token_id in token_ids:
            self.caches.principals.forget(token_id)

    @on_presence
    def record_presence(self, presence: dict[str, Any]) -> None:
        """Take in a room's announcement that it is there, or leaves."""
        self.routes.registry.record(presence)
