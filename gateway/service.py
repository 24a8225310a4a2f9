"""The gateway room: a request's caller is known, the room is called, the answer goes back."""

from typing import Any

from nameko.exceptions import BadRequest

from gateway.caching.caches import Memory
from gateway.entrypoint import door
from gateway.http import cookies
from gateway.http.messages import Reply, Request
from gateway.live.streams import Live
from gateway.principals import Caller, permit
from gateway.replies import result
from gateway.routes.system import Pages
from schemas import order, user
from schemas.base import Method
from schemas.errors import RoomUnavailable
from schemas.gateway import OtherUser
from services.foundation.amqp.announcements import on_announcement
from services.foundation.amqp.presence import on_presence
from services.foundation.rpc.client import Remote


class Gateway:
    name = "gateway"

    remote = Remote()
    memory = Memory()
    pages = Pages()
    live = Live()

    @door
    def answer(self, method: Method, request: Request) -> Reply:
        """Call the room's method for whoever asks."""
        caller = self.caller_of(method, request)
        reply = self.call(method, request.fields, caller=caller, request_id=request.request_id,
                          idempotency_key=request.idempotency_key)
        self.note_changes(method, reply, caller)
        return cookies.keep(method, reply) if request.wants_cookie else result(reply)

    def caller_of(self, method: Method, request: Request) -> Caller | None:
        """The verified caller; None where anyone may ask. Raises Unauthenticated, OtherUser or Forbidden."""
        if method.access in ("public", "internal"):  # internal: behind an address of its own, see outside.py
            return None
        caller = self.memory.callers.of(request.token, lambda token: self.call(
            user.AUTHORIZE, {"token": token}, request_id=request.request_id))
        request.user_id = caller["user_id"]
        # Whoever signs out means this browser, whosever session it has.
        if request.believed_user not in (None, caller["username"]) and method is not user.LOGOUT:
            raise OtherUser()
        permit(method, caller)
        return caller

    def call(self, method: Method, fields: dict[str, Any], **context: Any) -> Any:
        try:
            return self.remote.call(method, fields, **context)
        except BadRequest:  # the room runs an older or newer version than we do
            raise RoomUnavailable(room=method.room) from None

    def note_changes(self, method: Method, reply: Any, caller: Caller | None) -> None:
        """What this very caller has changed must not be served from memory to the same caller."""
        if method is user.LOGOUT and caller:
            self.memory.callers.forget(caller["token_id"])
        if not method.reads and method.screening_field:
            self.seats_changed([reply.get(method.screening_field)])

    # --- what rooms announce ---

    @on_announcement(order.SEATS_CHANGED, everywhere=True)
    def seats_changed(self, screening_ids: list[str]) -> None:
        for screening_id in screening_ids:
            self.memory.cache.forget(screening_id)
            self.live.look_again(screening_id)

    @on_announcement(user.TOKENS_REVOKED, everywhere=True)
    def tokens_revoked(self, token_ids: list[str]) -> None:
        for token_id in token_ids:
            self.memory.callers.forget(token_id)

    @on_presence
    def hear(self, words: dict[str, Any]) -> None:
        self.pages.rooms.hear(words)
