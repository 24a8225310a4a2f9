"""The calling end: any method of another room, always with a deadline.

A call that timed out can't run later unseen: its message expires with the deadline, and where it has left
the queue before, its room looks at the deadline itself (so clocks must agree to within a deadline).
"""

import time
import uuid
from contextlib import nullcontext
from typing import Any

from eventlet import Timeout
from eventlet.event import Event as Arrival
from nameko.exceptions import deserialize
from nameko.extensions import DependencyProvider
from nameko.messaging import encode_to_headers
from nameko.rpc import ReplyListener, get_rpc_exchange

from schemas.base import Method
from schemas.errors import RoomSilent, RoomUnavailable
from services.foundation.amqp import publishing
from services.foundation.amqp.heartbeat_consumer import Consumer
from services.foundation.rpc.bulkheads import Bulkheads
from services.foundation.timers import Chore


class ReplyConsumer(ReplyListener.ReplyConsumer, Consumer):
    """Stock Nameko's, on our kind of line."""


class Replies(ReplyListener):
    """Where the answers to this process's calls arrive."""

    consumer_cls = ReplyConsumer

    def setup(self) -> None:
        super().setup()
        # Nobody misses a reply that gets lost with its process, so acknowledging each would be work for nothing.
        self.consumer.consumer_options = {"no_ack": True}

    def check_for_lost_replies(self) -> None:
        """Stock Nameko kills the process here; our calls have deadlines."""

    def expect(self, correlation_id: str) -> Arrival:
        self.pending[correlation_id] = arrival = Arrival()
        return arrival

    def handle_message(self, body: Any, message: Any) -> None:
        arrival = self.pending.pop(message.properties.get("correlation_id"), None)
        if arrival is not None:
            arrival.send(body)


class Remote(DependencyProvider):
    """Injects a `Caller`: `self.remote.call(film.GET_INFO, {...})`."""

    replies = Replies()

    def setup(self) -> None:
        self.shares = Bulkheads(lambda: self.container._worker_pool.size)

    def get_dependency(self, worker_ctx: Any) -> "RemoteCaller":
        # A timer has one worker, and one call at a time: it takes no share, and is refused none.
        shares = None if isinstance(worker_ctx.entrypoint, Chore) else self.shares
        return RemoteCaller(self.replies, worker_ctx.context_data, shares)


class RemoteCaller:
    def __init__(self, replies: Replies, context: dict[str, Any], shares: Bulkheads | None = None) -> None:
        self._replies = replies
        self._context = context
        self._shares = shares

    def call(self, method: Method, fields: dict[str, Any], **context: Any) -> Any:
        """The method's reply, as plain JSON types.

        `context` goes along in the message's headers (request_id, caller, ...).
        Raises the refusal the other room raised, RoomUnavailable when nobody is there or too many wait for that
        room already, RoomSilent after the method's deadline, and nameko's RemoteError for a bug over there.
        """
        context = {**self._context, **context, "deadline": time.time() + method.deadline}
        place = self._shares.place(method.room) if self._shares else nullcontext()
        try:
            with Timeout(method.deadline, RoomSilent(room=method.room)), place:
                answer = self._ask(method, fields, context)
        except (publishing.NoRoute, *publishing.BrokerDown):
            raise RoomUnavailable(room=method.room) from None
        if answer.get("error"):
            raise deserialize(answer["error"])
        return answer["result"]

    def _ask(self, method: Method, fields: dict[str, Any], context: dict[str, Any]) -> Any:
        correlation_id = uuid.uuid4().hex
        arrival = self._replies.expect(correlation_id)
        try:
            publishing.publish(
                {"args": [], "kwargs": fields}, exchange=get_rpc_exchange(), mandatory=True,
                routing_key=f"{method.room}.{method.name}", expiration=max(0.0, context["deadline"] - time.time()),
                correlation_id=correlation_id, reply_to=self._replies.routing_key,
                headers=encode_to_headers(context),
            )
            return arrival.wait()
        finally:
            self._replies.pending.pop(correlation_id, None)
