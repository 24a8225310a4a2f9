"""Calls whose room has died: nobody will answer them, so they need not wait for their deadlines."""

import logging
import time
from typing import Any

import eventlet
from eventlet.event import Event
from nameko.rpc import RPC_QUEUE_TEMPLATE

from schemas.errors import OutcomeUnknown
from services.foundation.amqp.liveness import is_lost

log = logging.getLogger("marquee.rpc")
CHECK_SECONDS = 0.5     # a process takes longer to start, so that a check sees the gap


class PendingCall(Event):
    """A call that waits for its reply, which is sent to it as an event."""

    def __init__(self, room: str) -> None:
        super().__init__()
        self.room, self.sent = room, time.monotonic()


class LostCalls:
    """Looks after the calls that have waited for a while. Quick ones, which are nearly all, cost nothing."""

    def __init__(self, pending: dict[Any, PendingCall]) -> None:
        """`pending`: the calls under way, by correlation id."""
        self._pending = pending

    def run(self) -> None:
        """Check again and again; an error ends one check only."""
        while True:
            eventlet.sleep(CHECK_SECONDS)
            try:
                self.check()
            except Exception:
                log.exception("could not look for lost calls")

    def check(self) -> None:
        """End the calls to rooms that have no process any more with OutcomeUnknown: the work may have been done."""
        latest = time.monotonic() - CHECK_SECONDS
        waiting = {key: call for key, call in self._pending.items() if call.sent < latest}
        for room in {call.room for call in waiting.values()}:
            if is_lost(room, RPC_QUEUE_TEMPLATE.format(room)):
                lost = [key for key, call in waiting.items() if call.room == room and key in self._pending]
                log.warning("a room was lost with its calls", extra={"to_room": room, "count": len(lost)})
                for key in lost:
                    self._pending.pop(key).send_exception(OutcomeUnknown(room=room))
