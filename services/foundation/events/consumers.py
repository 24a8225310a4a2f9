"""`@on_event(EVENT)`: a room's method is called with every event of that kind, at least once.

What comes more than once is for the inbox to tell. A method that raises is asked again later.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import eventlet
from eventlet import Semaphore, Timeout
from kombu import Message
from nameko import config
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import SharedExtension
from nameko.messaging import Consumer

from schemas.base import Event
from schemas.errors import FieldsInvalid
from services.foundation.amqp.draining_consumer import DrainingConsumer
from services.foundation.events import retry_queues, topology
from services.foundation.events.topology import Subscription

log = logging.getLogger("marquee.events")
# A message that so many had in hand when they died may be why: it waits like one that failed.
MOST_DELIVERIES = 2


@dataclass(frozen=True)
class Delivery:
    """An event as it reaches one consumer. `sequence` tells old from new: events may overtake each other."""

    consumer: str
    event_id: str
    about: str
    sequence: int
    occurred_at: dt.datetime
    body: dict[str, Any]
    tries: int  # in vain, before this one


class WorkersForEvents(SharedExtension):
    """Half of a process's workers, for all its consumers together: the other half is for callers."""

    def setup(self) -> None:
        self.free = Semaphore(max(1, self.container.max_workers // 2))


class EventHandler(Consumer):
    """The consumer of one event: a durable queue of its own, shared by all processes of its room."""

    consumer_cls = DrainingConsumer
    workers = WorkersForEvents()

    def __init__(self, event: Event) -> None:
        super().__init__(queue=None, expected_exceptions=(Exception,))
        self.event = event

    def setup(self) -> None:
        self.subscription = Subscription(self.event, self.container.service_name, self.method_name)
        topology.declare([self.subscription])
        self.queue = self.subscription.queue
        self.consumer_options["prefetch_count"] = config["events"]["at_once"]
        super().setup()
        self.consumer.on_decode_error = self.handle_nonsense

    def handle_message(self, body: Any, message: Message) -> None:
        tries = retry_queues.failed_tries(message)
        try:
            envelope = self.event.load(body)
        except FieldsInvalid as problem:
            self._aside(retry_queues.bury, message, tries, f"malformed: {problem.about}")
            return
        deliveries = retry_queues.delivery_count(message)
        if deliveries >= MOST_DELIVERIES or (deliveries and tries >= config["events"]["tries"]):
            self._aside(retry_queues.park, message, tries, "whoever had it in hand died")
            return
        delivery = Delivery(
            self.subscription.consumer, envelope["event_id"], envelope["about"], envelope["sequence"],
            envelope["occurred_at"], envelope["body"], tries)
        self.container.spawn_managed_thread(partial(self._work, delivery, envelope["trace"], message),
                                            identifier="wait for a free worker")

    def handle_nonsense(self, message: Message, problem: Exception) -> None:
        """A body that is no JSON."""
        self._aside(retry_queues.bury, message, retry_queues.failed_tries(message), f"malformed: {problem}")

    def _work(self, delivery: Delivery, trace: dict[str, Any], message: Message) -> None:
        self.workers.free.acquire()
        try:
            self.container.spawn_worker(self, (delivery,), {}, context_data=dict(trace),
                                        handle_result=partial(self.handle_result, message, delivery))
        except ContainerBeingKilled:
            self.workers.free.release()
            self.consumer.requeue_message(message)

    def handle_result(self, message: Message, delivery: Delivery, worker_ctx: Any,
                      result: Any = None, exc_info: Any = None) -> tuple[Any, Any]:
        if exc_info is None:
            self.consumer.ack_message(message)
        else:
            error = f"{type(exc_info[1]).__name__}: {exc_info[1]}"
            self._settle(retry_queues.park, message, delivery.tries + 1, error)
        self.workers.free.release()
        return result, exc_info

    def _aside(self, park: Callable[..., None], message: Message, tries: int, error: str) -> None:
        # Elsewhere: waiting for the broker here would keep this connection from its heartbeats.
        self.container.spawn_managed_thread(partial(self._settle, park, message, tries, error), identifier="park")

    def _settle(self, park: Callable[..., None], message: Message, tries: int, error: str) -> None:
        """Acknowledge the message when its copy is safe; else the broker hands it out again."""
        try:
            park(message, self.subscription, tries, error)
        except Exception as problem:  # one that left here would end the process
            log.warning("%s can't be put aside", self.subscription.queue_name,
                        extra={"problem": type(problem).__name__, "error": error})
            eventlet.sleep(1)
            self.consumer.requeue_message(message)
        else:
            self.consumer.ack_message(message)


def on_event(event: Event) -> Callable[[Callable[[Any, Delivery], None]], Callable[..., None]]:
    """Have the decorated function of (self, delivery) called with every `event`, and a line logged for each."""

    def decorate(function: Callable[[Any, Delivery], None]) -> Callable[..., None]:
        def serve(self: Any, delivery: Delivery) -> None:
            started, outcome = time.perf_counter(), "ok"
            try:
                with Timeout(config["events"]["handler_seconds"]):
                    function(self, delivery)
            except Timeout as overdue:
                # It is no Exception: leaving the method it would take the worker along.
                outcome = "Timeout"
                raise TimeoutError(f"took longer than {overdue}") from overdue
            except Exception as problem:
                outcome = type(problem).__name__
                log.warning("%s failed", delivery.consumer, exc_info=delivery.tries == 0)
                raise
            finally:
                log.info("%s", delivery.consumer, extra={
                    "event": event.type, "event_id": delivery.event_id, "about": delivery.about, "outcome": outcome,
                    "ms": round((time.perf_counter() - started) * 1000, 2)})

        serve.__name__, serve.__doc__ = function.__name__, function.__doc__
        return EventHandler.decorator(event)(serve)

    return decorate
