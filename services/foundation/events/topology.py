"""The queues of events: one for each consumer with its dead-letter queue, the waiting rooms, and an audit queue.

All are declared before anything is published, so that no event finds a consumer's queue missing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kombu import Exchange, Queue
from nameko import config

from schemas.base import Event
from services.foundation.amqp import publishing

EXCHANGE = Exchange("events", type="topic", durable=True)
AUDIT, AUDIT_LENGTH = "events.audit", 10_000
# The broker counts how often it has handed out a message of a quorum queue. We decide what follows from that;
# its own limit, which drops messages, is put out of reach.
QUORUM = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}


@dataclass(frozen=True)
class Subscription:
    """A method of a room that is called with an event. Its queue is named after both: a new name is a new queue."""

    event: Event
    room: str
    method: str

    @property
    def consumer(self) -> str:
        return f"{self.room}.{self.method}"

    @property
    def queue_name(self) -> str:
        return f"{self.event.type}:{self.consumer}"

    @property
    def dead_queue_name(self) -> str:
        return f"{self.queue_name}.dead"

    @property
    def queue(self) -> Queue:
        return Queue(self.queue_name, exchange=EXCHANGE, routing_key=self.event.type, queue_arguments=QUORUM)

    @property
    def dead_queue(self) -> Queue:
        return Queue(self.dead_queue_name, queue_arguments=QUORUM)


def waiting_room(seconds: float) -> tuple[Exchange, Queue]:
    """What is published here with a queue's name as routing key is in that queue after `seconds`."""
    name = f"events.wait.{seconds:g}s"
    exchange = Exchange(name, type="fanout", durable=True)
    return exchange, Queue(name, exchange=exchange, queue_arguments={
        **QUORUM, "x-message-ttl": int(seconds * 1000), "x-dead-letter-exchange": "",
        # A message leaves only when the other queue has it.
        "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
    })


def audit_queue() -> Queue:
    """The latest events of every kind. It also gives those a route that nobody asks for."""
    return Queue(AUDIT, exchange=EXCHANGE, routing_key="#",
                 queue_arguments={"x-max-length": AUDIT_LENGTH})


def declare(subscriptions: Iterable[Subscription] = ()) -> None:
    """Declare everything common and these consumers' queues. Declaring twice changes nothing. Raises BrokerDown."""
    queues = [audit_queue(), *(waiting_room(pause)[1] for pause in config["events"]["pauses"])]
    for subscription in subscriptions:
        queues += [subscription.dead_queue, subscription.queue]

    def declare_them(channel: Any) -> None:
        for queue in queues:
            queue(channel).declare()

    publishing.ask(declare_them)
