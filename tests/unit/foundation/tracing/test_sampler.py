"""Which traces are recorded."""

from services.foundation.tracing import trace_context
from services.foundation.tracing.sampler import Sampler

ASKED = trace_context.parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
NOT_ASKED = trace_context.parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_rush_records_no_more_traces_than_a_second_may_have() -> None:
    clock = Clock()
    sampler = Sampler(1, 5, clock)
    assert sum(sampler.should_sample() for _ in range(1000)) == 5
    clock.now += 1
    assert sum(sampler.should_sample() for _ in range(1000)) == 5
    clock.now += 3600
    assert sum(sampler.should_sample() for _ in range(1000)) == 5


def test_less_than_one_trace_a_second_is_possible() -> None:
    clock = Clock()
    sampler = Sampler(1, 0.1, clock)
    assert [sampler.should_sample(), sampler.should_sample()] == [True, False]
    clock.now += 10
    assert sampler.should_sample()


def test_a_ratio_of_the_new_traces_is_recorded() -> None:
    sampler = Sampler(0.25, 1e9)
    assert 1800 < sum(sampler.should_sample() for _ in range(10_000)) < 3200


def test_without_traces_a_second_none_is_recorded() -> None:
    assert not any(Sampler(1, 0).should_sample(parent) for parent in (None, ASKED))


def test_a_caller_from_outside_decides_but_can_not_ask_for_more_than_fits() -> None:
    sampler = Sampler(0, 3, Clock())
    assert not sampler.should_sample(NOT_ASKED)
    assert sum(sampler.should_sample(ASKED) for _ in range(100)) == 3
