"""A room that takes a while to start."""

from typing import Any

import eventlet
from nameko.extensions import DependencyProvider

from services.foundation.amqp.presence import Presence
from services.foundation.timers import every


class Slow(DependencyProvider):
    def setup(self) -> None:
        print("starting", flush=True)  # noqa: T201 - for the test that waits for it
        for _ in range(40):  # in small steps, for a signal is only heard between two
            eventlet.sleep(0.05)

    def get_dependency(self, worker_ctx: Any) -> None:
        """Inject nothing."""


class SlowRoom:
    name = "slow"

    presence = Presence()
    slow = Slow()

    @every(3600)
    def rest(self) -> None:
        """Do nothing: a room needs an entrypoint."""
