"""What a payment room's chores find, done one after the other: for tests without a process of the room."""

from collections.abc import Callable, Sequence

from services.payment.concurrency import AtOnce, Job


class InTurn(AtOnce):
    def __init__(self) -> None:
        super().__init__(1)

    def one(self, job: Job) -> None:
        job()

    def each(self, find: Callable[[], Sequence[Job]]) -> None:
        while jobs := find():
            for job in jobs:
                job()
