"""Liveness: a queue without messages that exists as long as a room has a process, so that callers hear of its end.

The room's request queue says less: a process that stops cancels its subscription first, and then finishes its calls.
"""

import time
from typing import Any

import eventlet
from amqp.exceptions import ChannelError, NotFound

from services.foundation.amqp import publishing
from services.foundation.amqp.cluster import is_cluster
from services.foundation.amqp.draining_consumer import DrainingConsumer

CHECK_SECONDS = 0.25    # how often callers look, and how long a call waits before they do
# How long a room without a process stays away: a forked one is back sooner than its callers have looked.
GAP_SECONDS = 2 * CHECK_SECONDS + 0.1
# For so long a process that starts trusts what it has seen: later, others may have come, served and died meanwhile.
TRUSTED_SECONDS = 2.0


def liveness_queue(room: str) -> str:
    """The name of the queue that the room's processes keep alive."""
    return f"alive-{room}"


class LivenessConsumer(DrainingConsumer):
    """A consumer of a room's requests whose connection also keeps the room's liveness queue, to its very end."""

    room = ""
    _has_begun = False
    _alone_since: float | None = None   # by time.monotonic

    def look_for_others(self) -> None:
        """See whether the room has a process. While this one still starts, callers are missing the last one already.

        A broker that is away stops nobody: it is asked again before the first request can come.
        """
        self._alone_since = time.monotonic() if is_lost(self.room, self.queues[0].name) else None

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        """Keep the liveness queue before the first request can come; before that, leave callers the time to miss it."""
        if not self._has_begun:
            self._let_callers_miss_the_last_one()
        self._has_begun = True
        queue = liveness_queue(self.room)
        channel.queue_declare(queue, durable=not is_cluster(), auto_delete=True)
        channel.basic_consume(queue, no_ack=True, callback=lambda message: None)
        return super().get_consumers(consumer_cls, channel)

    def _let_callers_miss_the_last_one(self) -> None:
        if self._alone_since is None or time.monotonic() - self._alone_since > TRUSTED_SECONDS:
            self.look_for_others()
        if self._alone_since is not None:
            eventlet.sleep(max(0.0, self._alone_since + GAP_SECONDS - time.monotonic()))


def is_lost(room: str, request_queue: str) -> bool:
    """Whether the room has no process. False when the broker does not say.

    A room of a version before this one has a request queue only.
    """
    return all(map(_is_missing, (liveness_queue(room), request_queue)))


def _is_missing(queue: str) -> bool:
    try:
        publishing.run_on_channel(lambda channel: channel.queue_declare(queue, passive=True))
    except NotFound:
        return True
    except (ChannelError, *publishing.BrokerDown):
        pass
    return False
