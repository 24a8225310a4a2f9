"""The queues of events: one per consumer with its dead-letter queue, the retry queues, and an audit queue.

All are declared before anything is published, so that no event finds a consumer's queue missing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import PreconditionFailed
from kombu import Exchange, Queue

from schemas.base import Event
from services.foundation.amqp import exchanges, publishing
from services.foundation.events.settings import event_settings
from services.foundation.tracing.span_attributes import Values, is_id

EXCHANGE = exchanges.EVENTS
AUDIT, AUDIT_LENGTH = "events.audit", 10_000
# The broker counts how often it delivers a message of a quorum queue. `retry_queues` decides what follows from that;
# the broker's own limit, which drops messages, is put out of reach.
QUORUM = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}


@dataclass(frozen=True)
class Subscription:
    """A method of a room that is called with an event.

    Its queue is named after both, so renaming the method makes a new queue and leaves the old one collecting.
    """

    event: Event
    room: str
    method: str

    @property
    def consumer(self) -> str:
        """Room and method, such as `kitchen.prepare`; the inbox knows the consumer by this name."""
        return f"{self.room}.{self.method}"

    @property
    def queue_name(self) -> str:
        """Event and consumer, such as `order.paid:kitchen.prepare`."""
        return f"{self.event.type}:{self.consumer}"

    @property
    def dead_queue_name(self) -> str:
        """Where events wait for an operator once all attempts have failed."""
        return f"{self.queue_name}.dead"

    @property
    def queue(self) -> Queue:
        """The consumer's own quorum queue, bound to its event."""
        return Queue(self.queue_name, exchange=exchanges.shared(EXCHANGE), routing_key=self.event.type,
                     queue_arguments=QUORUM)

    @property
    def dead_queue(self) -> Queue:
        """A quorum queue that only `retry_queues.dead_letter` sends to."""
        return Queue(self.dead_queue_name, queue_arguments=QUORUM)


def retry_queue(seconds: float) -> tuple[Exchange, Queue]:
    """A queue, and the exchange to reach it by, that passes each message on after `seconds`.

    The message goes to the queue whose name it has as its routing key (RabbitMQ: dead-lettering with a TTL).
    """
    name = f"events.wait.{seconds:g}s"
    exchange = Exchange(name, type="fanout", durable=True)
    return exchange, Queue(name, exchange=exchange, queue_arguments={
        **QUORUM, "x-message-ttl": int(seconds * 1000), "x-dead-letter-exchange": "",
        # A message leaves only once the other queue has it.
        "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
    })


def event_attributes(event: Event, operation: str, body: Mapping[str, Any]) -> Values:
    """The attributes of a span about an event; `operation` is `send` or `process`."""
    attributes: Values = {
        "messaging.system": "rabbitmq", "messaging.destination.name": EXCHANGE.name,
        "messaging.operation.type": operation, "marquee.event": event.type}
    if is_id(order_id := body.get("order_id")):
        attributes["marquee.order_id"] = order_id
    return attributes


def audit_queue() -> Queue:
    """The latest AUDIT_LENGTH events of every type. It also gives a route to events that no room consumes.

    A quorum queue like all that keep events: RabbitMQ can't read the index of a classic one again that a full disk has
    cut off, and then comes up with no queue at all.
    """
    return Queue(AUDIT, exchange=EXCHANGE, routing_key="#", queue_arguments={**QUORUM, "x-max-length": AUDIT_LENGTH})


def _declare_audit_queue() -> None:
    """Declare the audit queue, in place of the classic one that an earlier version has left."""
    try:
        publishing.run_on_channel(lambda channel: audit_queue()(channel).declare())
    except PreconditionFailed:
        publishing.run_on_channel(lambda channel: audit_queue()(channel).delete())
        publishing.run_on_channel(lambda channel: audit_queue()(channel).declare())


def declare(subscriptions: Iterable[Subscription] = ()) -> None:
    """Declare the audit and retry queues and those of `subscriptions`; declaring twice changes nothing.

    A room with an account of its own declares those of its subscriptions only. Raises one of BrokerDown.
    """
    queues = []
    if not exchanges.has_own_account():
        _declare_audit_queue()
        queues += [retry_queue(pause)[1] for pause in event_settings().pauses]
    for subscription in subscriptions:
        queues += [subscription.dead_queue, subscription.queue]

    def declare_all(channel: Any) -> None:
        for queue in queues:
            queue(channel).declare()

    publishing.run_on_channel(declare_all)
