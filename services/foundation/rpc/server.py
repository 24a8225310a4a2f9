"""The receiving end of RPC: one queue per room, drained before it closes, that survives malformed messages."""

import logging
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from kombu import Message, Queue
from kombu.exceptions import EncodeError
from nameko import config
from nameko.exceptions import IncorrectSignature, MalformedRequest, MethodNotFound, UnserializableValueError, serialize
from nameko.messaging import decode_from_headers
from nameko.rpc import RPC_QUEUE_TEMPLATE, Rpc, RpcConsumer, get_rpc_exchange
from opentelemetry.trace import SpanKind

from schemas.errors import Refusal
from services.foundation.amqp import exchanges, publishing
from services.foundation.amqp.cluster import is_cluster
from services.foundation.amqp.liveness import LivenessConsumer
from services.foundation.tracing.span_attributes import call_attributes
from services.foundation.tracing.spans import EntrySpan

log = logging.getLogger("marquee.rpc")


class RoomConsumer(RpcConsumer):
    """The consumer of the room's request queue.

    The queue is deleted with its last consumer, so that a call to a stopped room fails at once. With stock Nameko's
    durable queue it would wait there and run long after its caller has given up.
    """

    consumer_cls = LivenessConsumer

    def setup(self) -> None:
        """Declare the queue, and use as many workers as the room's section of config.yml says (`max_workers`)."""
        super().setup()
        room = self.container.service_name
        self.queue = Queue(RPC_QUEUE_TEMPLATE.format(room), exchange=exchanges.shared(get_rpc_exchange()),
                           routing_key=f"{room}.*", durable=not is_cluster(), auto_delete=True)
        self.consumer.queues = [self.queue]
        self.consumer.room = room
        self.consumer.look_for_others()
        if workers := (config.get(room) or {}).get("max_workers"):
            # A room whose calls mostly wait for something else than the database works on more of them at once.
            self.container._worker_pool.resize(workers)
            self.consumer.prefetch_count = workers
        self.consumer.on_decode_error = self.handle_decode_error

    def get_provider_for_method(self, routing_key: str) -> Any:
        """The entrypoint of `<room>.<method>`. Raises MethodNotFound, which the caller gets."""
        name = routing_key.rpartition(".")[2]
        for provider in self._providers:
            if provider.method_name == name:
                return provider
        raise MethodNotFound(name)

    def handle_message(self, body: Any, message: Message) -> None:
        """Pass the message to its method; an error becomes a reply, where stock Nameko would end the process."""
        if not message.properties.get("reply_to"):
            log.warning("dropped a message without reply_to", extra={"key": message.delivery_info["routing_key"]})
            self.consumer.reject_message(message)
            return
        try:
            provider = self.get_provider_for_method(message.delivery_info["routing_key"])
            provider.handle_message(body, message)
        except Exception:
            self.handle_result(message, None, sys.exc_info())

    def handle_decode_error(self, message: Message, problem: Exception) -> None:
        """Drop a message whose body is not JSON; its caller, if it names one, gets MalformedRequest."""
        log.warning("dropped a message that can't be read", extra={"problem": str(problem)[:200]})
        if message.properties.get("reply_to"):
            self._reply(message, None, MalformedRequest("The message body can't be read."))
        self.consumer.reject_message(message)

    def handle_result(self, message: Message, result: Any, exc_info: Any) -> tuple[Any, Any]:
        """Reply with the result or the error, then acknowledge the request."""
        self._reply(message, result, exc_info[1] if exc_info else None)
        self.consumer.ack_message(message)
        return result, exc_info

    def _reply(self, message: Message, result: Any, problem: BaseException | None) -> None:
        error = None if problem is None else describe(problem)
        try:
            publishing.publish(
                {"result": result, "error": error}, exchange=exchanges.for_calls(self.container.service_name),
                confirm=False, routing_key=message.properties["reply_to"],
                correlation_id=message.properties.get("correlation_id"),
            )
        except EncodeError:
            log.exception("a reply is not plain JSON")
            self._reply(message, None, UnserializableValueError(type(result).__name__))
        except Exception:
            # Stock Nameko ends the process here. The caller runs into its deadline; repeating the call finds the
            # effect.
            log.exception("could not send a reply")


class RoomRpc(Rpc):
    """An RPC entrypoint that answers a malformed message with an error; stock Nameko would end the process."""

    rpc_consumer = RoomConsumer()

    def handle_message(self, body: Any, message: Message) -> None:
        """Start a worker for the call, or drop it when its deadline has passed.

        Raises MalformedRequest or IncorrectSignature, which the caller gets.
        """
        match body:
            case {"args": list(args), "kwargs": dict(kwargs)}:
                pass
            case _:
                raise MalformedRequest("The message needs `args` (a list) and `kwargs` (an object).")
        if args:
            raise IncorrectSignature("Fields are passed by name.")
        context = decode_from_headers(message.headers or {})
        match context.get("call_id_stack", []):
            case [*ids] if all(isinstance(call_id, str) for call_id in ids):
                pass
            case _:
                raise MalformedRequest("The header call_id_stack is not a list of ids.")
        if is_overdue(context):
            log.warning("dropped a call past its deadline", extra={"method": self.method_name})
            self.rpc_consumer.consumer.reject_message(message)
            return
        spawn = partial(self.container.spawn_worker, self, args, kwargs, context_data=context,
                        handle_result=partial(self.handle_result, message))
        if self.container._worker_pool.free() > 0:
            spawn()
        else:
            # In another thread: waiting for a free worker here would keep this connection from its heartbeats.
            self.container.spawn_managed_thread(spawn, identifier="wait for a free worker")

    def describe_entry(self, worker_ctx: Any) -> EntrySpan:
        """The span of a call."""
        room = worker_ctx.service_name
        attributes = call_attributes(room, self.method_name, worker_ctx.kwargs, worker_ctx.data.get("request_id"))
        return EntrySpan(f"{room}.{self.method_name}", SpanKind.SERVER, attributes)


def describe(problem: BaseException) -> dict[str, Any]:
    """An exception as it goes over the wire; `nameko.exceptions.deserialize` restores it."""
    error: dict[str, Any] = serialize(problem)
    if isinstance(problem, Refusal):
        error["exc_args"] = [problem.about]  # unchanged: nameko would turn numbers into text
    return error


def is_overdue(context: dict[str, Any]) -> bool:
    """Whether the deadline in a call's context headers has passed; False when there is none.

    A message expires only in its queue, not in the socket of a process that hangs.
    """
    deadline = context.get("deadline")
    return isinstance(deadline, int | float) and time.time() > deadline


rpc: Callable[..., Any] = RoomRpc.decorator
