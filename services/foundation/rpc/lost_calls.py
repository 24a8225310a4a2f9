"""Calls whose room has died or hangs: nobody will answer them, so they need not wait for their deadlines."""

import logging
import time
from typing import Any

import eventlet
from eventlet.event import Event
from nameko.rpc import RPC_QUEUE_TEMPLATE

from schemas.errors import OutcomeUnknown
from services.foundation.amqp.liveness import CHECK_SECONDS, is_lost
from services.foundation.rpc.circuit_breaker import CircuitBreakers

log = logging.getLogger("marquee.rpc")


class PendingCall(Event):
    """A call that waits for its reply, which is sent to it as an event."""

    def __init__(self, room: str) -> None:
        super().__init__()
        self.room, self.sent = room, time.monotonic()


class LostCalls:
    """Looks after the calls that have waited for a while. Quick ones, which are nearly all, cost nothing."""

    def __init__(self, pending: dict[Any, PendingCall], circuits: CircuitBreakers) -> None:
        """`pending`: the calls under way, by correlation id."""
        self._pending, self._circuits = pending, circuits

    def run(self) -> None:
        """Check again and again; an error ends one check only."""
        while True:
            eventlet.sleep(CHECK_SECONDS)
            try:
                self.check()
            except Exception:
                log.exception("could not look for lost calls")

    def check(self) -> None:
        """End the calls that nobody will answer with OutcomeUnknown: their work may have been done.

        These are all calls to a room that has no process any more, and, to one that hangs, those that were sent before
        its circuit opened.
        """
        latest = time.monotonic() - CHECK_SECONDS
        waiting = {key: call for key, call in self._pending.items() if call.sent < latest}
        for room in {call.room for call in waiting.values()}:
            ended = latest if is_lost(room, RPC_QUEUE_TEMPLATE.format(room)) else self._circuits.opened_at(room)
            lost = [key for key, call in waiting.items() if call.room == room and call.sent < ended]
            if lost:
                log.warning("a room was lost with its calls", extra={"to_room": room, "count": len(lost)})
            for key in lost:
                if call := self._pending.pop(key, None):    # it may have been answered just now
                    call.send_exception(OutcomeUnknown(room=room))
