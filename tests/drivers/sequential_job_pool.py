"""A job pool for tests without a process of the payment room: it runs jobs one after the other."""

from collections.abc import Callable, Sequence

from services.payment.job_pool import Job, JobPool


class SequentialJobPool(JobPool):
    """Runs each job at once, in the caller's thread."""

    def __init__(self) -> None:
        super().__init__(1)

    def run(self, job: Job) -> None:
        job()

    def run_all(self, find: Callable[[], Sequence[Job]]) -> None:
        while jobs := find():
            for job in jobs:
                job()
