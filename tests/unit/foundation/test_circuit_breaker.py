"""When the breaker of a room opens, what it lets through then, and when it closes."""

from contextlib import suppress

import pytest
from greenlet import GreenletExit

from schemas.errors import CircuitOpen, OutcomeUnknown, RoomSilent, RoomUnavailable
from services.foundation.amqp.publishing import Unroutable
from services.foundation.rpc.circuit_breaker import (
    FAILURES,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Attempt,
    CircuitBreaker,
    CircuitBreakers,
)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker("payment", clock)


def time_out(breaker: CircuitBreaker, clock: Clock, calls: int = FAILURES) -> None:
    """So many calls, one after the other, run into their deadlines."""
    for _ in range(calls):
        attempt = breaker.admit()
        clock.wait(5)
        breaker.unanswered(attempt)


@pytest.fixture
def opened(breaker: CircuitBreaker, clock: Clock) -> CircuitBreaker:
    time_out(breaker, clock)
    return breaker


def probe(breaker: CircuitBreaker, clock: Clock) -> Attempt:
    """Wait until a call is let through."""
    for _ in range(100):
        try:
            return breaker.admit()
        except CircuitOpen as refusal:
            clock.wait(refusal.about["retry_after"])
    raise AssertionError("no call is let through")


def test_the_breaker_opens_after_some_calls_in_a_row_without_an_answer(breaker: CircuitBreaker, clock: Clock) -> None:
    time_out(breaker, clock, FAILURES - 1)
    assert breaker.state == "closed"
    time_out(breaker, clock, 1)
    assert breaker.state == "open"
    with pytest.raises(CircuitOpen) as refusal:
        breaker.admit()
    assert refusal.value.about == {"room": "payment", "retry_after": FIRST_PAUSE}


def test_a_refusal_by_an_open_breaker_counts_as_one_of_a_room_that_is_down() -> None:
    assert issubclass(CircuitOpen, RoomUnavailable), "such a call was not sent, and changed nothing"


def test_an_answer_between_the_failures_keeps_the_breaker_closed(breaker: CircuitBreaker, clock: Clock) -> None:
    for _ in range(10):
        time_out(breaker, clock, FAILURES - 1)
        breaker.admit()
        breaker.answered()
    assert breaker.state == "closed"


def test_calls_that_last_too_long_while_others_are_answered_never_open_the_breaker(
    breaker: CircuitBreaker, clock: Clock,
) -> None:
    slow = [breaker.admit() for _ in range(50)]
    clock.wait(1)
    breaker.admit()
    breaker.answered()
    clock.wait(4)
    for attempt in slow:
        breaker.unanswered(attempt)
    assert breaker.state == "closed"


def test_a_single_call_probes_the_room_after_the_pause(opened: CircuitBreaker, clock: Clock) -> None:
    clock.wait(FIRST_PAUSE)
    assert opened.state == "half_open"
    opened.admit()
    for _ in range(20):
        with pytest.raises(CircuitOpen):
            opened.admit()
    opened.answered()
    assert opened.state == "closed"
    for _ in range(20):
        opened.admit()


def test_the_pause_grows_with_each_failed_probe_up_to_a_limit(opened: CircuitBreaker, clock: Clock) -> None:
    pauses = []
    for _ in range(5):
        attempt = probe(opened, clock)
        clock.wait(5)
        opened.unanswered(attempt)
        before = clock.now
        opened.unsent(probe(opened, clock))
        pauses.append(clock.now - before)
    assert pauses == [2 * FIRST_PAUSE, 4 * FIRST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_breaker_that_has_closed_opens_with_the_first_pause_again(opened: CircuitBreaker, clock: Clock) -> None:
    opened.unanswered(probe(opened, clock))
    probe(opened, clock)
    opened.answered()
    time_out(opened, clock)
    clock.wait(FIRST_PAUSE)
    opened.admit()


def test_a_probe_that_was_not_sent_gives_way_to_another(opened: CircuitBreaker, clock: Clock) -> None:
    clock.wait(FIRST_PAUSE)
    opened.unsent(opened.admit())
    assert opened.state == "open"
    clock.wait(FIRST_PAUSE)
    opened.admit()


def test_an_answer_to_a_call_from_before_closes_the_breaker(breaker: CircuitBreaker, clock: Clock) -> None:
    breaker.admit()
    time_out(breaker, clock)
    breaker.answered()
    assert breaker.state == "closed"


def test_calls_from_before_it_opened_do_not_prolong_the_pause(breaker: CircuitBreaker, clock: Clock) -> None:
    late = breaker.admit()
    time_out(breaker, clock)
    clock.wait(FIRST_PAUSE)
    breaker.unanswered(late)
    breaker.admit()


def test_calls_from_before_the_room_recovered_do_not_open_the_breaker(breaker: CircuitBreaker, clock: Clock) -> None:
    late = [breaker.admit() for _ in range(20)]
    time_out(breaker, clock)
    stale = probe(breaker, clock)
    clock.wait(1)
    breaker.answered()
    for attempt in [*late, stale]:
        breaker.unanswered(attempt)
    assert breaker.state == "closed"


def test_a_room_without_a_process_is_called_at_once_when_it_has_one(opened: CircuitBreaker, clock: Clock) -> None:
    probe(opened, clock)
    opened.absent()
    assert opened.state == "closed"


def end(breakers: CircuitBreakers, room: str, problem: BaseException | None = None) -> None:
    """A call ends in this way."""
    with suppress(type(problem)), breakers.guard(room):
        if problem:
            raise problem


@pytest.mark.parametrize("silence", [RoomSilent(room="payment"), OutcomeUnknown(room="payment")], ids=str)
def test_deadlines_and_lost_rooms_open_the_breaker_of_their_room_only(silence: Exception) -> None:
    breakers = CircuitBreakers()
    end(breakers, "film")
    for _ in range(FAILURES):
        end(breakers, "payment", silence)
    assert breakers.states() == {"film": "closed", "payment": "open"}


@pytest.mark.parametrize("other", [RoomUnavailable(room="payment"), ConnectionError(), Unroutable(), GreenletExit()],
                         ids=lambda other: type(other).__name__)
def test_nothing_else_opens_it(other: BaseException) -> None:
    breakers = CircuitBreakers()
    for _ in range(10 * FAILURES):
        end(breakers, "payment", other)
    assert breakers.states() == {"payment": "closed"}
