"""The job pool of the payment room, and when it stops."""

from eventlet import Timeout

from services.payment.job_pool import JobPool


def test_a_leaving_room_searches_for_no_more_jobs() -> None:
    done: list[int] = []
    with Timeout(20):
        JobPool(2, lambda: len(done) > 4).run_all(lambda: [lambda: done.append(1)])
    assert len(done) > 4


def test_a_leaving_room_begins_no_more_of_the_found_jobs() -> None:
    done: list[int] = []
    with Timeout(20):
        JobPool(1, lambda: len(done) > 0).run_all(lambda: [lambda: done.append(1)] * 100)
    assert len(done) < 5
