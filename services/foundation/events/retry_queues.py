"""Events whose consumer failed: they wait, longer after each attempt, and end in a dead-letter queue.

Stock Nameko acknowledges an event whose method raised, or requeues it at once and for ever. Here a message is
acknowledged only once its copy is safe in another queue.
"""

import datetime as dt
import logging
import random
from typing import Any

from kombu import Message

from services.foundation.amqp import exchanges, publishing
from services.foundation.events.settings import event_settings
from services.foundation.events.topology import Subscription, retry_queue

log = logging.getLogger("marquee.events")
LONGEST_ERROR = 300   # characters of an error kept in a message's headers


def failed_attempts(message: Message) -> int:
    """How many attempts to handle this event have failed; those that ended with the process count, too."""
    return _count(message.headers.get("tries")) + delivery_count(message)


def delivery_count(message: Message) -> int:
    """How often the broker has delivered this message before without any answer: it counts this for quorum queues."""
    return _count(message.headers.get("x-delivery-count"))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def retry_later(message: Message, subscription: Subscription, attempts: int, error: str) -> None:
    """Send a copy to a queue where it waits for its next attempt; after the last attempt, to the dead-letter queue.

    The pause comes from `events.pauses` in config.yml, by the number of failed `attempts`. Raises Unroutable or one of
    BrokerDown; then there is no copy.
    """
    settings = event_settings()
    if attempts >= settings.tries:
        dead_letter(message, subscription, attempts, error)
        return
    pauses = settings.pauses[:max(attempts, 1)]
    # Messages that were under way together when a process died must not meet again: one of them may be the cause.
    pause = random.choice(pauses) if delivery_count(message) else pauses[-1]
    exchange = exchanges.for_retries(subscription.room, retry_queue(pause)[0])
    _send_copy(message, exchange, subscription.queue_name, attempts, error)
    log.warning("%s waits for another try", subscription.queue_name, extra={
        "event_id": message.properties.get("message_id"), "tries": attempts, "seconds": pause, "error": error})


def dead_letter(message: Message, subscription: Subscription, attempts: int, error: str) -> None:
    """Send a copy to the dead-letter queue, where it waits for an operator. Raises like `retry_later`."""
    _send_copy(message, exchanges.for_dead_letters(subscription.room), subscription.dead_queue_name, attempts, error)
    log.error("%s is given up", subscription.queue_name, extra={
        "event_id": message.properties.get("message_id"), "tries": attempts, "error": error})


def _send_copy(message: Message, exchange: Any, routing_key: str, attempts: int, error: str) -> None:
    failed_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    publishing.send_copy(message, exchange=exchange, routing_key=routing_key,
                         headers={"tries": attempts, "error": error[:LONGEST_ERROR], "failed_at": failed_at})
