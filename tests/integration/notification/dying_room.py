"""The notification room in a process that kills itself: before it acknowledges an event, or marks a message."""

import os
import signal
from typing import Any

from nameko import config

from services.foundation.redis_client import Redis
from services.notification import sender
from services.notification import service as room

# When to die; set by `--define` of `nameko run`.
DEATHS: dict[str, Any] = config.get("deaths") or {}


class DyingNotification(room.Notification):
    redis = Redis()

    def _add_order_message(self, event: Any, delivery: Any) -> None:
        super()._add_order_message(event, delivery)
        self.die_at_times("noted")  # after the commit, before the acknowledgement

    def die_at_times(self, what: str) -> None:
        if what in DEATHS and self.redis.incr(what) % DEATHS[what] == 0:
            self.redis.incr("deaths")
            os.kill(os.getpid(), signal.SIGKILL)


class DyingSender(sender.MessageSender):
    """Kills its process at the first message, after sending and before marking it."""

    def _deliver(self, message: Any) -> str:
        status = super()._deliver(message)
        os.kill(os.getpid(), signal.SIGKILL)
        return status


if DEATHS.get("dies_before_mark"):
    room.MessageSender = DyingSender  # type: ignore[attr-defined, misc]
if "lease" in DEATHS:
    import datetime as dt

    sender.LEASE = dt.timedelta(seconds=DEATHS["lease"])
