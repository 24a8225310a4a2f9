"""Batches of spans from RabbitMQ.

Nobody waits for them, and none is tried twice: what can't be kept is counted and lost.
"""

import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from eventlet import Timeout
from kombu import Exchange, Message, Queue
from marshmallow import ValidationError
from nameko.exceptions import ContainerBeingKilled
from nameko.messaging import Consumer

from schemas import insight as contract
from schemas.base import lenient
from services.foundation.amqp.draining_consumer import DrainingConsumer

log = logging.getLogger("marquee.insight")
QUEUE = Queue("insight.spans", exchange=Exchange(contract.EXCHANGE, type="topic", durable=False), routing_key="#",
              durable=False, queue_arguments={"x-max-length": 2000, "x-overflow": "drop-head"})
AT_ONCE = 2            # batches that a process works on
KEEP_SECONDS = 10
BATCH = lenient(contract.SpanBatch)
Keep = Callable[[Any, dict[str, Any]], None]


class BatchConsumer(Consumer):
    """Calls the decorated method with each batch, a schemas.insight.SpanBatch.

    A batch that is malformed, comes a second time or fails is dropped, and the next one has its spans in `dropped`.
    """

    consumer_cls = DrainingConsumer

    def __init__(self) -> None:
        super().__init__(queue=QUEUE, expected_exceptions=(Exception,), prefetch_count=AT_ONCE)
        self._lost = 0

    def setup(self) -> None:
        """Connect the consumer, which declares the queue again after each loss of the connection."""
        super().setup()
        self.consumer.on_decode_error = lambda message, problem: self._drop(message, None, problem)

    def handle_message(self, body: Any, message: Message) -> None:
        """Start a worker for the batch."""
        if message.delivery_info.get("redelivered"):   # the process that had it may have died of it
            self._drop(message, body, "it came before")
            return
        try:
            batch = BATCH.load(body)
        except ValidationError as problem:
            self._drop(message, body, problem)
            return
        batch["dropped"], self._lost = batch["dropped"] + self._lost, 0
        # In another thread: waiting for a free worker here would keep this connection from its heartbeats.
        self.container.spawn_managed_thread(partial(self._work, batch, message), identifier="wait for a free worker")

    def _work(self, batch: dict[str, Any], message: Message) -> None:
        try:
            self.container.spawn_worker(self, (batch,), {}, context_data={},
                                        handle_result=partial(self.handle_result, message))
        except ContainerBeingKilled:
            self.consumer.ack_message(message)

    def handle_result(self, message: Message, worker_ctx: Any, result: Any = None,
                      exc_info: Any = None) -> tuple[Any, Any]:
        """Take the batch from the queue, whatever has become of it."""
        if exc_info is None:
            self.consumer.ack_message(message)
        else:
            [batch] = worker_ctx.args
            self._lost += batch["dropped"]
            self._drop(message, batch, exc_info[1])
        return result, exc_info

    def _drop(self, message: Message, body: Any, reason: object) -> None:
        spans = body.get("spans") if isinstance(body, dict) else None
        count = len(spans) if isinstance(spans, list) else 1
        self._lost += count
        log.warning("spans were dropped", extra={"count": count, "reason": str(reason)[:200]})
        self.consumer.ack_message(message)


def on_batch(function: Keep) -> Keep:
    """Decorate a room's method of (self, batch); if it raises or takes longer than KEEP_SECONDS, the batch is lost."""

    @wraps(function)
    def serve(self: Any, batch: dict[str, Any]) -> None:
        try:
            with Timeout(KEEP_SECONDS):
                function(self, batch)
        except Timeout as overdue:
            # A Timeout is not an Exception: outside the method it would end the worker.
            raise TimeoutError(f"took longer than {overdue}") from overdue

    keep: Keep = BatchConsumer.decorator(serve)
    return keep
