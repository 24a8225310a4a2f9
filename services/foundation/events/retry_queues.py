"""What becomes of an event that its consumer could not deal with: it waits, longer each time, then is laid aside.

A message is acknowledged only when its copy is safe in another queue.
"""

import datetime as dt
import logging
import random
from typing import Any

from kombu import Message
from nameko import config

from services.foundation.amqp import publishing
from services.foundation.events.topology import Subscription, waiting_room

log = logging.getLogger("marquee.events")
LONGEST_ERROR = 300


def failed_tries(message: Message) -> int:
    """How often this event was tried in vain; a process that died with it in hand counts."""
    return _whole(message.headers.get("tries")) + delivery_count(message)


def delivery_count(message: Message) -> int:
    """How many have had this message before, and never answered for it."""
    return _whole(message.headers.get("x-delivery-count"))


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def park(message: Message, subscription: Subscription, tries: int, error: str) -> None:
    """Put a copy where it waits for its next try; after the last one, into the dead-letter queue.

    Raises NoRoute or one of BrokerDown; then there is no copy.
    """
    settings = config["events"]
    if tries >= settings["tries"]:
        bury(message, subscription, tries, error)
        return
    pauses = settings["pauses"][:max(tries, 1)]
    # Those that were in hand together when a process died must not meet again: one of them may be why.
    pause = random.choice(pauses) if delivery_count(message) else pauses[-1]
    _copy(message, waiting_room(pause)[0], subscription.queue_name, tries, error)
    log.warning("%s waits", subscription.queue_name, extra={
        "event_id": message.properties.get("message_id"), "tries": tries, "seconds": pause, "error": error})


def bury(message: Message, subscription: Subscription, tries: int, error: str) -> None:
    """Put a copy into the dead-letter queue, for an operator to look at. Raises like `park`."""
    _copy(message, "", subscription.dead_queue_name, tries, error)
    log.error("%s is given up", subscription.queue_name, extra={
        "event_id": message.properties.get("message_id"), "tries": tries, "error": error})


def _copy(message: Message, exchange: Any, routing_key: str, tries: int, error: str) -> None:
    failed_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    publishing.send_on(message, exchange=exchange, routing_key=routing_key,
                 headers={"tries": tries, "error": error[:LONGEST_ERROR], "failed_at": failed_at})
