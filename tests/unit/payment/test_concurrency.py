"""Asking providers side by side, and when that ends."""

from eventlet import Timeout

from services.payment.concurrency import AtOnce


def test_a_room_that_leaves_looks_for_no_more_work() -> None:
    done: list[int] = []
    with Timeout(20):
        AtOnce(2, lambda: len(done) > 4).each(lambda: [lambda: done.append(1)])
    assert len(done) > 4


def test_of_what_was_found_a_room_that_leaves_begins_nothing_more() -> None:
    done: list[int] = []
    with Timeout(20):
        AtOnce(1, lambda: len(done) > 0).each(lambda: [lambda: done.append(1)] * 100)
    assert len(done) < 5
