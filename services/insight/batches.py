"""Batches of spans from RabbitMQ.

Nobody waits for them, and none is tried twice: what can't be kept is counted and lost.
"""

import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import eventlet
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
GATHER_SECONDS = 0.5   # that a batch waits for others, with which it is kept in one transaction
AT_ONCE = 50           # batches that a process has taken and not kept yet
KEEP_SECONDS = 10
BATCH = lenient(contract.SpanBatch)
Batches = list[dict[str, Any]]
Keep = Callable[[Any, Batches], None]


class BatchConsumer(Consumer):
    """Calls the decorated method with the batches, each a schemas.insight.SpanBatch, that came at about the same time.

    A batch that is malformed or comes a second time is dropped, as are all with which one fails. The next one has their
    spans in `dropped`.
    """

    consumer_cls = DrainingConsumer

    def __init__(self) -> None:
        super().__init__(queue=QUEUE, expected_exceptions=(Exception,), prefetch_count=AT_ONCE)
        self._lost = 0
        self._gathered: list[tuple[Message, dict[str, Any]]] = []

    def setup(self) -> None:
        """Connect the consumer, which declares the queue again after each loss of the connection."""
        super().setup()
        self.consumer.on_decode_error = lambda message, problem: self._drop(message, None, problem)

    def handle_message(self, body: Any, message: Message) -> None:
        """Gather the batch, and start a worker soon."""
        if message.delivery_info.get("redelivered"):   # the process that had it may have died of it
            self._drop(message, body, "it came before")
            return
        try:
            batch = BATCH.load(body)
        except ValidationError as problem:
            self._drop(message, body, problem)
            return
        self._gathered.append((message, batch))
        if len(self._gathered) == 1:
            # In another thread: waiting here would keep this connection from its heartbeats.
            self.container.spawn_managed_thread(self._work, identifier="gather spans")

    def _work(self) -> None:
        eventlet.sleep(GATHER_SECONDS)
        gathered, self._gathered = self._gathered, []
        messages, batches = [message for message, _ in gathered], [batch for _, batch in gathered]
        batches[0]["dropped"], self._lost = batches[0]["dropped"] + self._lost, 0
        try:
            self.container.spawn_worker(self, (batches,), {}, context_data={},
                                        handle_result=partial(self._handle_results, messages))
        except ContainerBeingKilled:
            for message in messages:
                self.consumer.ack_message(message)

    def _handle_results(self, messages: list[Message], worker_ctx: Any, result: Any = None,
                        exc_info: Any = None) -> tuple[Any, Any]:
        """Take the batches from the queue, whatever has become of them."""
        [batches] = worker_ctx.args
        for message, batch in zip(messages, batches, strict=True):
            if exc_info is None:
                self.consumer.ack_message(message)
            else:
                self._lost += batch["dropped"]
                self._drop(message, batch, exc_info[1])
        return result, exc_info

    def _drop(self, message: Message, body: Any, reason: object) -> None:
        spans = body.get("spans") if isinstance(body, dict) else None
        count = len(spans) if isinstance(spans, list) else 1
        self._lost += count
        log.warning("spans were dropped", extra={"count": count, "reason": str(reason)[:200]})
        self.consumer.ack_message(message)


def on_batches(function: Keep) -> Keep:
    """Decorate a room's method of (self, batches); if it raises or takes longer than KEEP_SECONDS, they are lost."""

    @wraps(function)
    def serve(self: Any, batches: Batches) -> None:
        try:
            with Timeout(KEEP_SECONDS):
                function(self, batches)
        except Timeout as overdue:
            # A Timeout is not an Exception: outside the method it would end the worker.
            raise TimeoutError(f"took longer than {overdue}") from overdue

    keep: Keep = BatchConsumer.decorator(serve)
    return keep
