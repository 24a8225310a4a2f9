"""Probes: whether the servers that a process needs answer it, found out beside the calls that need them.

A call learns from its own timeout that a server hangs, and has kept its caller waiting by then. A probe knows within
three seconds, for all calls.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import Timeout

from services.foundation import metrics

log = logging.getLogger("marquee.probe")
PAUSE_SECONDS = 1.0      # between two probes of a server that answers
ANSWER_SECONDS = 1.0     # after which a probe has failed
FAILURES = 2             # in a row; the second follows at once, on a connection of its own
SILENT_PAUSE = 0.5       # between two probes of a server that is silent


class Probe:
    """Asks one server again and again, in a thread of its own, whether it answers."""

    def __init__(self, server: str, ask: Callable[[], object], when_silent: Callable[[], None] = lambda: None) -> None:
        """`ask`: raises an error if the server has none. `when_silent`: called when the server has fallen silent."""
        self.server = server
        self.answers = True    # until it is known better
        self._ask, self._when_silent = ask, when_silent
        self._listeners: list[Callable[[], None]] = []
        self._failures = 0

    def start(self, container: Any) -> None:
        """Ask from now on, until the room in this container ends."""
        metrics.watch_server(container.service_name, self.server, lambda: self.answers)
        container.spawn_managed_thread(self._run, identifier=f"probe of {self.server}")

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener`, which must not wait, whenever `answers` has changed."""
        self._listeners.append(listener)

    def _run(self) -> None:
        while True:
            eventlet.sleep(self._pause())
            self.check()

    def _pause(self) -> float:
        if self._failures == 0:
            return PAUSE_SECONDS
        return 0 if self.answers else SILENT_PAUSE

    def check(self) -> None:
        """Ask once, and take note of the outcome."""
        started = time.monotonic()
        try:
            with Timeout(ANSWER_SECONDS):
                self._ask()
        except (Exception, Timeout) as problem:
            # A timeout that comes late says that this process had no time, not that the server was silent.
            if isinstance(problem, Timeout) and time.monotonic() - started > 1.5 * ANSWER_SECONDS:
                return
            self._failures += 1
            if self.answers and self._failures >= FAILURES:
                log.warning("a server does not answer",
                            extra={"server": self.server, "problem": type(problem).__name__})
                self._turn(answers=False)
                self._when_silent()
        else:
            self._failures = 0
            if not self.answers:
                log.warning("a server answers again", extra={"server": self.server})
                self._turn(answers=True)

    def _turn(self, answers: bool) -> None:
        self.answers = answers
        for listener in self._listeners:
            listener()


def probes_of(container: Any) -> list[Probe]:
    """The probes of the servers that this container's dependencies use."""
    return [each.probe for each in container.dependencies if isinstance(getattr(each, "probe", None), Probe)]


def silent_servers(container: Any) -> list[str]:
    """The names of those servers that do not answer at the moment."""
    return sorted({probe.server for probe in probes_of(container) if not probe.answers})
