"""A pool of jobs that ask payment providers: all timers of a process share one limit."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore
from nameko import config
from nameko.extensions import DependencyProvider

from schemas.errors import Busy
from services.foundation.timers import is_stopping
from services.payment import settings

log = logging.getLogger("marquee.payment")
Job = Callable[[], object]
POLL_SECONDS = 0.5   # between two searches for more jobs while some are running


class JobPool:
    """Runs jobs side by side, at most `limit` at a time."""

    def __init__(self, limit: int, is_stopping: Callable[[], bool] = lambda: False) -> None:
        """`is_stopping`: whether the room was asked to stop; then no further job begins."""
        self._limit, self._semaphore, self._is_stopping = limit, Semaphore(limit), is_stopping

    def run_all(self, find: Callable[[], Sequence[Job]]) -> None:
        """Run the jobs that `find` returns, and call it again until it returns none and all jobs are done.

        Jobs must not raise. A slow job delays no other, not even one that is found while it runs.
        """
        pool = eventlet.GreenPool(self._limit)
        while not self._is_stopping() and ((jobs := find()) or pool.running()):
            for job in jobs:
                pool.spawn(self.run, job)
                if self._is_stopping():
                    break  # the rest is left to another process, or to the next start
            if not jobs:
                eventlet.sleep(POLL_SECONDS)
        pool.waitall()

    def run(self, job: Job) -> None:
        """Run one job as soon as the limit allows."""
        with self._semaphore:
            job()


class JobPoolProvider(DependencyProvider):
    """Injects the JobPool of this process; `payment.at_once` is its limit."""

    def setup(self) -> None:
        self._pool = JobPool(settings.load(config).at_once, lambda: is_stopping(self.container))

    def get_dependency(self, worker_ctx: Any) -> JobPool:
        """The same pool for every worker."""
        return self._pool


def guarded(job: Job, **context: Any) -> Job:
    """The same job, which logs a failure with `context` instead of raising: one failure must not stop other jobs."""
    def run() -> None:
        try:
            job()
        except Busy as refusal:
            log.warning("a job could not finish yet", extra={**context, "reason": refusal.code})
        except Exception:
            log.exception("a job could not finish", extra=context)

    return run
