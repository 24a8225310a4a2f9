"""Hashes are computed for known devices first, and for nobody out of turn."""

import eventlet
import pytest

from schemas.errors import Busy, TooOften
from services.user.attempts.hashing_queue import HashingQueue
from services.user.attempts.source import Source, device

HOME = device("home")


def stranger(number: int) -> Source:
    return Source(f"address 192.0.2.{number}")


class Crowd:
    """Callers of a queue; each stays until it is let go."""

    def __init__(self, queue: HashingQueue) -> None:
        self.queue, self.served = queue, list[str]()
        self.gate = eventlet.semaphore.Semaphore(0)

    def come(self, source: Source) -> "eventlet.greenthread.GreenThread":
        thread = eventlet.spawn(self._stay, source)
        eventlet.sleep(0)
        return thread

    def _stay(self, source: Source) -> None:
        with self.queue.turn(source):
            self.served.append(source.name)
            self.gate.acquire()

    def leave(self, count: int) -> None:
        for _ in range(count):
            self.gate.release()
            eventlet.sleep(0)
            eventlet.sleep(0)


def test_a_known_device_passes_strangers_who_came_before() -> None:
    crowd = Crowd(HashingQueue(1, 100, 60, 10))
    for number in range(4):
        crowd.come(stranger(number))
    crowd.come(HOME)
    crowd.leave(5)
    assert crowd.served == [stranger(0).name, HOME.name, *(stranger(number).name for number in (1, 2, 3))]


def test_one_source_has_no_more_than_its_share() -> None:
    crowd = Crowd(HashingQueue(1, 100, 60, 2))
    crowd.come(stranger(1))
    crowd.come(stranger(1))
    with pytest.raises(TooOften):
        crowd.queue.check(stranger(1))
    crowd.queue.check(stranger(2))
    crowd.leave(2)
    crowd.queue.check(stranger(1))


def test_strangers_leave_room_for_known_devices() -> None:
    crowd = Crowd(HashingQueue(1, 4, 3, 10))
    for number in range(3):
        crowd.come(stranger(number))
    with pytest.raises(Busy):
        crowd.queue.check(stranger(9))
    crowd.come(HOME)
    with pytest.raises(Busy):
        crowd.queue.check(HOME)


def test_a_caller_that_gives_up_leaves_its_turn_to_the_next() -> None:
    crowd = Crowd(HashingQueue(1, 100, 60, 10))
    crowd.come(stranger(1))
    impatient = crowd.come(stranger(2))
    crowd.come(stranger(3))
    impatient.kill()
    eventlet.sleep(0)
    crowd.leave(2)
    assert crowd.served == [stranger(1).name, stranger(3).name]


def test_a_turn_that_comes_with_the_end_of_its_caller_is_not_lost() -> None:
    crowd = Crowd(HashingQueue(1, 100, 60, 10))
    first = crowd.come(stranger(1))
    late, last = crowd.come(stranger(2)), crowd.come(stranger(3))
    first.kill()     # hands its turn to the second, which is ended before it wakes
    late.kill()
    for _ in range(4):
        eventlet.sleep(0)
    assert crowd.served[-1] == stranger(3).name
    last.kill()
