"""Timers: `@every("sweep_seconds")` runs a method of a room again and again, and `TimerWaker` runs it at once.

It runs in every process of the room, so the work must be safe to do twice at once. A wake is heard in its own process
only and is lost with it; the next tick makes up for that.
"""

import math
from collections.abc import Callable
from time import monotonic
from typing import Any

from eventlet import Event, Timeout
from marshmallow import EXCLUDE, Schema, fields, validate
from nameko import config
from nameko.extensions import DependencyProvider
from nameko.timer import Timer

from services.foundation.settings import read_section


class RoomTimer(Timer):
    """A timer that fires when its room starts and then once per interval; a run that takes longer delays the next.

    Stock Nameko's timer follows the wall clock: if that is set back an hour, it rests for an hour; if it is set
    forward, the timer makes up for every tick. This one follows the monotonic clock and leaves missed ticks out.
    """

    def __init__(self, interval: str | float) -> None:
        """`interval`: seconds, or the name of the setting in the room's section of config.yml that has them."""
        super().__init__(interval=interval, eager=True)
        self._setting = interval
        self._wake = Event()

    def setup(self) -> None:
        """Read the interval from config.yml if it was given by name."""
        super().setup()
        self.reload()

    def settings_read_again(self, path: str) -> bool:
        """Whether the setting is this timer's interval."""
        return path == f"{self.container.service_name}.{self._setting}"

    def reload(self) -> None:
        """Take the interval as config.yml has it now; it counts from the next run. Raises SettingsError."""
        self.interval = self.load(config, self.container.service_name)

    def load(self, settings: Any, room: str) -> float:
        """The interval that `settings` has for this timer of the room. Raises SettingsError."""
        if not isinstance(self._setting, str):
            return self._setting
        seconds = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))
        schema = Schema.from_dict({self._setting: seconds})(unknown=EXCLUDE)
        return float(read_section(settings, room, schema)[self._setting])

    def wake(self) -> None:
        """Run now instead of at the next tick; if it is running, run again afterwards."""
        if not self._wake.ready():
            self._wake.send()

    def stop(self) -> None:
        """Stop; returns when the work under way is done."""
        self.should_stop.send(True)
        self.wake()
        self.gt.wait()

    def _run(self) -> None:
        due = monotonic()
        while True:
            with Timeout(max(due - monotonic(), 0), False):
                self._wake.wait()
            if self.should_stop.ready():
                return
            self._wake = Event()
            self.handle_timer_tick()
            self.worker_complete.wait()
            self.worker_complete.reset()
            due = next_due(due, self.interval, monotonic())

    def handle_timer_tick(self) -> None:
        """Start the work, unless the room is being killed: stock Nameko's container raises then."""
        if not self.container._being_killed:
            super().handle_timer_tick()


def next_due(due: float, interval: float, now: float) -> float:
    """The first tick after the one at `due` that is not before `now`, all in seconds of one clock."""
    return due + interval * max(1, math.ceil((now - due) / interval))


every: Any = RoomTimer.decorator


class TimerWaker(DependencyProvider):
    """Injects a function of no arguments that makes a timer of this process run now.

    `wake_sender = TimerWaker("send")`.
    """

    def __init__(self, timer: str) -> None:
        """`timer`: the name of the method that the timer runs."""
        self._name = timer

    def setup(self) -> None:
        """Find the timer. Raises ValueError if the room has none of this name."""
        timers = [each for each in self.container.entrypoints if isinstance(each, RoomTimer)]
        self._timers = [each for each in timers if each.method_name == self._name]
        if not self._timers:
            raise ValueError(f"{self.container.service_name} has no timer {self._name}.")

    def get_dependency(self, worker_ctx: Any) -> Callable[[], None]:
        """The function; a room calls it once it has committed what the timer shall find."""
        return self.wake

    def wake(self) -> None:
        """Make the timer run now."""
        for each in self._timers:
            each.wake()


class StopSignal(DependencyProvider):
    """Injects a function that tells whether the room is stopping; work of many parts calls it between them."""

    def get_dependency(self, worker_ctx: Any) -> Callable[[], bool]:
        """A function of no arguments: `is_stopping` for this room."""
        return lambda: is_stopping(self.container)


def is_stopping(container: Any) -> bool:
    """Whether the room in this container, which must have a timer, was asked to stop."""
    return any(each.should_stop.ready() for each in container.entrypoints if isinstance(each, RoomTimer))
