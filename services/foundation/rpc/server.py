"""The receiving end of a call: one queue a room, drained before it closes, proof against nonsense."""

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

from schemas.errors import Refusal
from services.foundation.amqp import publishing
from services.foundation.amqp.draining_consumer import DrainingConsumer

log = logging.getLogger("marquee.rpc")


class RoomConsumer(RpcConsumer):
    """The room's request queue.

    It is deleted with its last consumer, so that a call to a stopped room fails at once instead of
    waiting in a durable queue and running long after its caller has left.
    """

    consumer_cls = DrainingConsumer

    def setup(self) -> None:
        super().setup()
        room = self.container.service_name
        self.queue = Queue(RPC_QUEUE_TEMPLATE.format(room), exchange=get_rpc_exchange(), routing_key=f"{room}.*",
                           durable=True, auto_delete=True)
        self.consumer.queues = [self.queue]
        if workers := (config.get(room) or {}).get("max_workers"):
            # A room whose calls mostly wait for something else than the database takes on more at once.
            self.container._worker_pool.resize(workers)
            self.consumer.prefetch_count = workers
        self.consumer.on_decode_error = self.handle_nonsense

    def get_provider_for_method(self, routing_key: str) -> Any:
        name = routing_key.rpartition(".")[2]
        for provider in self._providers:
            if provider.method_name == name:
                return provider
        raise MethodNotFound(name)

    def handle_message(self, body: Any, message: Message) -> None:
        if not message.properties.get("reply_to"):
            log.warning("dropped a message without reply_to", extra={"key": message.delivery_info["routing_key"]})
            self.consumer.reject_message(message)
            return
        try:
            provider = self.get_provider_for_method(message.delivery_info["routing_key"])
            provider.handle_message(body, message)
        except Exception:
            self.handle_result(message, None, sys.exc_info())

    def handle_nonsense(self, message: Message, problem: Exception) -> None:
        """A body that is no JSON: tell the caller if there is one, and forget it."""
        log.warning("dropped a message that can't be read", extra={"problem": str(problem)[:200]})
        if message.properties.get("reply_to"):
            self._reply(message, None, MalformedRequest("The message body can't be read."))
        self.consumer.reject_message(message)

    def handle_result(self, message: Message, result: Any, exc_info: Any) -> tuple[Any, Any]:
        self._reply(message, result, exc_info[1] if exc_info else None)
        self.consumer.ack_message(message)
        return result, exc_info

    def _reply(self, message: Message, result: Any, problem: BaseException | None) -> None:
        error = None if problem is None else describe(problem)
        try:
            publishing.publish(
                {"result": result, "error": error}, exchange=get_rpc_exchange(), confirm=False,
                routing_key=message.properties["reply_to"], correlation_id=message.properties.get("correlation_id"),
            )
        except EncodeError:
            log.exception("a reply is no plain JSON")
            self._reply(message, None, UnserializableValueError(type(result).__name__))
        except Exception:
            # Stock Nameko dies here. The caller's deadline tells it; whoever repeats the call finds the effect.
            log.exception("could not send a reply")


class RoomRpc(Rpc):
    """An RPC entrypoint. What is wrong with a message is the sender's trouble, never the room's."""

    rpc_consumer = RoomConsumer()

    def handle_message(self, body: Any, message: Message) -> None:
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
                raise MalformedRequest("The header call_id_stack is no list of ids.")
        if is_overdue(context):
            log.warning("dropped a call that nobody waits for any more", extra={"method": self.method_name})
            self.rpc_consumer.consumer.reject_message(message)
            return
        spawn = partial(self.container.spawn_worker, self, args, kwargs, context_data=context,
                        handle_result=partial(self.handle_result, message))
        if self.container._worker_pool.free() > 0:
            spawn()
        else:
            # Waiting for a free worker here would keep the connection from its heartbeats.
            self.container.spawn_managed_thread(spawn, identifier="wait for a free worker")


def describe(problem: BaseException) -> dict[str, Any]:
    """A problem as it goes over the wire; `nameko.exceptions.deserialize` makes it one again."""
    error: dict[str, Any] = serialize(problem)
    if isinstance(problem, Refusal):
        error["exc_args"] = [problem.about]  # as it is: nameko would turn numbers into text
    return error


def is_overdue(context: dict[str, Any]) -> bool:
    """Whether the caller has given up. A message expires in the queue only, not in the socket of a hanging process."""
    deadline = context.get("deadline")
    return isinstance(deadline, int | float) and time.time() > deadline


rpc: Callable[..., Any] = RoomRpc.decorator
