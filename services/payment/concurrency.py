"""Asking providers side by side: of so many payments at a time in a process, whichever chore it is for."""

from collections.abc import Callable, Sequence
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore
from nameko import config
from nameko.extensions import DependencyProvider

from services.foundation.timers import is_stopping

Job = Callable[[], object]
LOOK_AGAIN_SECONDS = 0.5   # while jobs are under way


class AtOnce:
    def __init__(self, limit: int, leaving: Callable[[], bool] = lambda: False) -> None:
        """`leaving`: whether the room was asked to leave."""
        self._limit, self._turns, self._leaving = limit, Semaphore(limit), leaving

    def each(self, find: Callable[[], Sequence[Job]]) -> None:
        """Do all jobs that `find` finds, again and again, until it finds none and all are done, or the room leaves.

        Jobs raise nothing. A slow one holds up no other, not even what is found while it goes on.
        """
        pool = eventlet.GreenPool(self._limit)
        while not self._leaving() and ((jobs := find()) or pool.running()):
            for job in jobs:
                pool.spawn(self.one, job)
                if self._leaving():
                    break  # the others are for another process, or the next
            if not jobs:
                eventlet.sleep(LOOK_AGAIN_SECONDS)
        pool.waitall()

    def one(self, job: Job) -> None:
        """Do this when it is its turn."""
        with self._turns:
            job()


class AtOnceProvider(DependencyProvider):
    """Injects the AtOnce that all chores of this process share; `payment.at_once` says how many."""

    def setup(self) -> None:
        self._shared = AtOnce(int(config["payment"]["at_once"]), lambda: is_stopping(self.container))

    def get_dependency(self, worker_ctx: Any) -> AtOnce:
        return self._shared
