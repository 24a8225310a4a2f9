"""`@on_event(EVENT)`: a room's method is called with every event of that type, at least once.

The inbox recognizes an event that comes twice. When the method raises, it is called again later.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
from eventlet import Semaphore, Timeout
from kombu import Message
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import SharedExtension
from nameko.messaging import Consumer
from opentelemetry.trace import SpanKind

from schemas.base import Event
from schemas.errors import FieldsInvalid
from services.foundation import metrics
from services.foundation.amqp.draining_consumer import DrainingConsumer
from services.foundation.events import retry_queues, topology
from services.foundation.events.delivery import Delivery as Delivery
from services.foundation.events.settings import event_settings
from services.foundation.events.topology import Subscription, event_attributes
from services.foundation.tracing.span_attributes import record_error
from services.foundation.tracing.spans import EntrySpan

log = logging.getLogger("marquee.events")
# After so many processes died over a message, it may be the cause: it waits like one that failed.
MOST_DELIVERIES = 2


class EventConcurrency(SharedExtension):
    """Limits all event consumers of a process together to half of its workers; the other half is left for calls."""

    def setup(self) -> None:
        """Make as many slots as half of `max_workers`, but at least one."""
        self.slots = Semaphore(max(1, self.container.max_workers // 2))


class EventHandler(Consumer):
    """The consumer of one event: a durable queue of its own, shared by all processes of its room.

    Stock Nameko waits for a free worker in the thread that keeps the heartbeats, and ends the process when an error
    leaves a message handler. Both can't happen here.
    """

    consumer_cls = DrainingConsumer
    concurrency = EventConcurrency()

    def __init__(self, event: Event) -> None:
        super().__init__(queue=None, expected_exceptions=(Exception,))
        self.event = event

    def setup(self) -> None:
        """Declare the consumer's queues. Raises BrokerDown, or SettingsError for a wrong section `events`."""
        self.settings = event_settings()
        self.subscription = Subscription(self.event, self.container.service_name, self.method_name)
        topology.declare([self.subscription])
        self.queue = self.subscription.queue
        self.consumer_options["prefetch_count"] = self.settings.at_once
        super().setup()
        self.consumer.on_decode_error = self.handle_decode_error

    def handle_message(self, body: Any, message: Message) -> None:
        """Start a worker for the event, as soon as a slot is free.

        A malformed event goes to the dead-letter queue, and one over which processes have died to a retry queue.
        """
        tries = retry_queues.failed_attempts(message)
        try:
            envelope = self.event.load(body)
        except FieldsInvalid as problem:
            self._move_soon(retry_queues.dead_letter, message, tries, f"malformed: {problem.about}")
            return
        deliveries = retry_queues.delivery_count(message)
        if deliveries >= MOST_DELIVERIES or (deliveries and tries >= self.settings.tries):
            self._move_soon(retry_queues.retry_later, message, tries, "the process died while it handled the event")
            return
        delivery = Delivery(
            self.subscription.consumer, envelope["event_id"], envelope["about"], envelope["sequence"],
            envelope["occurred_at"], envelope["body"], tries)
        self.container.spawn_managed_thread(partial(self._work, delivery, envelope["trace"], message),
                                            identifier="wait for a free worker")

    def describe_entry(self, worker_ctx: Any) -> EntrySpan:
        """The span of an event at this consumer."""
        attributes = event_attributes(self.event, "process", worker_ctx.args[0].body)
        return EntrySpan(f"process {self.event.type}", SpanKind.CONSUMER,
                         {**attributes, "messaging.consumer.group.name": self.subscription.consumer})

    def handle_decode_error(self, message: Message, problem: Exception) -> None:
        """Move a message whose body is not JSON to the dead-letter queue."""
        tries = retry_queues.failed_attempts(message)
        self._move_soon(retry_queues.dead_letter, message, tries, f"malformed: {problem}")

    def _work(self, delivery: Delivery, trace: dict[str, Any], message: Message) -> None:
        self.concurrency.slots.acquire()
        try:
            self.container.spawn_worker(self, (delivery,), {}, context_data=dict(trace),
                                        handle_result=partial(self.handle_result, message, delivery))
        except ContainerBeingKilled:
            self.concurrency.slots.release()
            self.consumer.requeue_message(message)

    def handle_result(self, message: Message, delivery: Delivery, worker_ctx: Any,
                      result: Any = None, exc_info: Any = None) -> tuple[Any, Any]:
        """Acknowledge an event whose method returned; send it to a retry queue when the method raised."""
        if exc_info is None:
            self.consumer.ack_message(message)
        else:
            error = f"{type(exc_info[1]).__name__}: {exc_info[1]}"
            self._move(retry_queues.retry_later, message, delivery.tries + 1, error)
        self.concurrency.slots.release()
        return result, exc_info

    def _move_soon(self, move: Callable[..., None], message: Message, tries: int, error: str) -> None:
        # In another thread: waiting for the broker here would keep this connection from its heartbeats.
        self.container.spawn_managed_thread(partial(self._move, move, message, tries, error), identifier="move it")

    def _move(self, move: Callable[..., None], message: Message, tries: int, error: str) -> None:
        """Acknowledge the message once its copy is safe; until then the broker delivers it again."""
        try:
            move(message, self.subscription, tries, error)
        except Exception as problem:  # one that left this thread would end the process
            log.warning("%s can't move a failed event", self.subscription.queue_name,
                        extra={"problem": type(problem).__name__, "error": error})
            eventlet.sleep(1)
            self.consumer.requeue_message(message)
        else:
            self.consumer.ack_message(message)


def on_event(event: Event) -> Callable[[Callable[[Any, Delivery], None]], Callable[..., None]]:
    """Decorate a room's method of (self, delivery): it is called with every `event` and logged.

    When it returns, the event is done. When it raises, or takes longer than `events.handler_seconds`, it is called
    again after the pauses of config.yml.
    """

    def decorate(function: Callable[[Any, Delivery], None]) -> Callable[..., None]:
        def serve(self: Any, delivery: Delivery) -> None:
            started, outcome = time.perf_counter(), "ok"
            try:
                with Timeout(event_settings().handler_seconds):
                    function(self, delivery)
            except Timeout as overdue:
                # A Timeout is not an Exception: outside the method it would end the worker.
                outcome = "Timeout"
                record_error(overdue)
                raise TimeoutError(f"took longer than {overdue}") from overdue
            except Exception as problem:
                outcome = type(problem).__name__
                record_error(problem)
                log.warning("%s failed", delivery.consumer, exc_info=delivery.tries == 0)
                raise
            finally:
                metrics.observe_event(event.type, delivery.consumer, outcome, started)
                log.info("%s", delivery.consumer, extra={
                    "event": event.type, "event_id": delivery.event_id, "about": delivery.about, "outcome": outcome,
                    "ms": round((time.perf_counter() - started) * 1000, 2)})

        serve.__name__, serve.__doc__ = function.__name__, function.__doc__
        return EventHandler.decorator(event)(serve)

    return decorate
