"""The notification room, which dies when a test wishes so: before it acknowledges an event, or before it marks."""

import os
import signal
from typing import Any

from nameko import config

from services.foundation.redis_client import Redis
from services.notification import sender
from services.notification import service as room

# `--define` of `nameko run` sets it.
WISHES: dict[str, Any] = config.get("wishes") or {}


class Mortal(room.Notification):
    redis = Redis()

    def _note(self, event: Any, delivery: Any) -> None:
        super()._note(event, delivery)
        self.perhaps_die("noted")  # after the commit, before the acknowledgement

    def perhaps_die(self, what: str) -> None:
        if what in WISHES and self.redis.incr(what) % WISHES[what] == 0:
            self.redis.incr("deaths")
            os.kill(os.getpid(), signal.SIGKILL)


class MortalSending(sender.Sending):
    """Dies at the first message that was sent and not marked yet."""

    def _hand_in(self, message: Any) -> str:
        status = super()._hand_in(message)
        os.kill(os.getpid(), signal.SIGKILL)
        return status


if WISHES.get("dies_before_mark"):
    room.Sending = MortalSending  # type: ignore[misc]
if "lease" in WISHES:
    import datetime as dt

    sender.LEASE = dt.timedelta(seconds=WISHES["lease"])
