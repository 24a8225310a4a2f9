"""The calling end of RPC: any method of another room, always with a deadline.

A call that timed out can't run later unseen. Its message expires with the deadline; if it has left the queue before,
the room compares the deadline with its own clock, so clocks must agree to within a few seconds.
"""

import time
import uuid
from contextlib import nullcontext
from typing import Any, Protocol

from eventlet import Timeout
from nameko import config
from nameko.exceptions import deserialize
from nameko.extensions import DependencyProvider
from nameko.messaging import encode_to_headers
from nameko.rpc import ReplyListener, Rpc
from opentelemetry.trace import SpanKind

from schemas.base import Method
from schemas.errors import OutcomeUnknown, RoomSilent, RoomUnavailable
from services.foundation.amqp import exchanges, publishing
from services.foundation.amqp.cluster import is_cluster
from services.foundation.amqp.heartbeat_consumer import Consumer
from services.foundation.rpc import identity
from services.foundation.rpc.bulkheads import Bulkheads
from services.foundation.rpc.circuit_breaker import CircuitBreakers
from services.foundation.rpc.lost_calls import LostCalls, PendingCall
from services.foundation.timers import RoomTimer
from services.foundation.tracing import span_attributes, spans, trace_context


class Caller(Protocol):
    """What calls methods of rooms: from a room, RemoteCaller; from a command, standalone_client.StandaloneCaller."""

    def call(self, method: Method, fields: dict[str, Any]) -> Any:
        """Call the method with these fields and return its reply in plain JSON types."""
        ...


class ReplyConsumer(ReplyListener.ReplyConsumer, Consumer):
    """Nameko's consumer of replies with the heartbeats and bounded waits of `heartbeat_consumer`."""


class Replies(ReplyListener):
    """The queue of replies to the calls of this process, and the calls that wait for one."""

    consumer_cls = ReplyConsumer

    def setup(self) -> None:
        """Declare the queue, so that replies wait for their consumer: other extensions may call before it is ready.

        Consume without acknowledgements: a reply that is lost with its process is needed by nobody.
        """
        super().setup()
        room = self.container.service_name
        self.exchange = exchanges.for_calls(room)
        # With the room's name, so that another room's account can't bind a queue to it.
        self.routing_key = self.queue.routing_key = f"{room}-{self.queue.routing_key}"
        self.queue.exchange = exchanges.shared(self.queue.exchange)
        self.consumer.consumer_options = {"no_ack": True}
        self.queue.durable = not is_cluster()
        self._declared = True
        try:
            publishing.run_on_channel(lambda channel: self.queue(channel).declare())
        except publishing.BrokerDown:
            self._declared = False   # the consumer does it when it has reached the broker

    def check_for_lost_replies(self) -> None:
        """After a reconnect to a cluster, end the calls that wait: their replies have gone with the queue's node.

        Stock Nameko ends the process. Where there is one broker, the queue is as it was, and each call has a deadline.
        """
        while is_cluster() and self.pending:
            _, call = self.pending.popitem()
            call.send_exception(OutcomeUnknown(room=call.room))

    def expect(self, correlation_id: str, room: str) -> PendingCall:
        """Register a call to the room; its event is sent when the reply with this id arrives.

        Raises ConnectionError while no queue would take that reply.
        """
        if not self._declared and not self.consumer.ready.is_set():
            raise ConnectionError("The queue of replies is not declared yet.")
        self.pending[correlation_id] = call = PendingCall(room)
        return call

    def handle_message(self, body: Any, message: Any) -> None:
        """Hand a reply to its call; one that comes after the deadline is dropped."""
        call = self.pending.pop(message.properties.get("correlation_id"), None)
        if call is not None:
            call.send(body)


class Remote(DependencyProvider):
    """Injects a RemoteCaller: `self.remote.call(film.GET_INFO, {"film_id": film_id})`."""

    replies = Replies()

    def __init__(self, at_once: int = 1) -> None:
        """`at_once`: how many calls a worker makes at the same time."""
        self._at_once = at_once

    def setup(self) -> None:
        """Give the rooms that are called shares of the calls that this process's workers make. Raises SettingsError."""
        self._identities = identity.load(config)
        self.bulkheads = Bulkheads(lambda: self.container._worker_pool.size * self._at_once)
        self.circuits = CircuitBreakers()

    def start(self) -> None:
        """Look after calls whose room dies or hangs, in a thread of its own."""
        lost_calls = LostCalls(self.replies.pending, self.circuits)
        self.container.spawn_managed_thread(lost_calls.run, identifier="lost calls")

    def get_dependency(self, worker_ctx: Any) -> "RemoteCaller":
        """A caller that passes on the context of the call at hand."""
        # A timer has one worker and makes one call at a time, so it needs no limit and must not be refused.
        bulkheads = None if isinstance(worker_ctx.entrypoint, RoomTimer) else self.bulkheads
        context = worker_ctx.context_data
        if not isinstance(worker_ctx.entrypoint, Rpc):   # only `@call` has found out whether a caller is genuine
            context = {name: value for name, value in context.items() if name != "caller"}
        return RemoteCaller(self.replies, context, self.circuits, bulkheads, self._identities)


class RemoteCaller:
    """Calls methods of other rooms on behalf of one worker, which may make several calls in green threads."""

    def __init__(self, replies: Replies, context: dict[str, Any], circuits: CircuitBreakers,
                 bulkheads: Bulkheads | None = None, identities: identity.Identities | None = None) -> None:
        self._replies = replies
        self._context = context
        self._circuits = circuits
        self._bulkheads = bulkheads
        self._identities = identities

    def call(self, method: Method, fields: dict[str, Any], seconds: float | None = None, **context: Any) -> Any:
        """Call the method with these fields and return its reply in plain JSON types.

        `seconds`: a deadline shorter than the method's own. `context` is added to the message's headers (request_id,
        caller, ...). Raises the refusal that the other room raised, RoomUnavailable when no process of the room is up
        or too many workers wait for it already, CircuitOpen while the room answers nothing, RoomSilent after the
        deadline, OutcomeUnknown when the room's last process has died meanwhile or others have found it hanging, and
        nameko.exceptions.RemoteError for a bug in the other room.
        """
        context = {**self._context, **context}
        if not trace_context.is_sampled():
            return self._call(method, fields, seconds, context)
        attributes = span_attributes.call_attributes(method.room, method.name, fields, context.get("request_id"))
        with spans.span(f"{method.room}.{method.name}", SpanKind.CLIENT, attributes):
            reply = self._call(method, fields, seconds, context)
            span_attributes.name_order(reply)
            return reply

    def _call(self, method: Method, fields: dict[str, Any], seconds: float | None, context: dict[str, Any]) -> Any:
        limit = method.deadline if seconds is None else min(seconds, method.deadline)
        context["deadline"] = time.time() + limit
        context.pop(identity.HEADER, None)   # that of the call at hand is for its own method
        if self._identities and context.get("caller"):
            context[identity.HEADER] = self._identities.sign(context, method, limit)
        slot = self._bulkheads.slot(method.room) if self._bulkheads else nullcontext()
        try:
            with self._circuits.guard(method.room), Timeout(limit, RoomSilent(room=method.room)), slot:
                reply = self._exchange(method, fields, context)
        except (publishing.Unroutable, *publishing.BrokerDown):
            raise RoomUnavailable(room=method.room) from None
        if reply.get("error"):
            raise deserialize(reply["error"])
        return reply["result"]

    def _exchange(self, method: Method, fields: dict[str, Any], context: dict[str, Any]) -> Any:
        correlation_id = uuid.uuid4().hex
        call = self._replies.expect(correlation_id, method.room)
        try:
            publishing.publish(
                {"args": [], "kwargs": fields}, exchange=self._replies.exchange, mandatory=True,
                routing_key=f"{method.room}.{method.name}", expiration=max(0.0, context["deadline"] - time.time()),
                correlation_id=correlation_id, reply_to=self._replies.routing_key,
                headers=_headers(context),
            )
            return call.wait()
        finally:
            self._replies.pending.pop(correlation_id, None)


def _headers(context: dict[str, Any]) -> dict[str, Any]:
    """The context as Nameko's headers, but the trace by the name that W3C Trace Context gives it."""
    context.pop("traceparent", None)
    headers: dict[str, Any] = encode_to_headers(context)
    if here := trace_context.traceparent():
        headers["traceparent"] = here
    return headers
