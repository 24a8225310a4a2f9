"""Asking for a link that sets a password takes as long for a name that nobody has."""

from types import SimpleNamespace
from typing import Any

import pytest
from nameko.testing.services import worker_factory

from services.foundation.rpc.calls import Principal
from services.user.self_service import minimum_time
from services.user.service import User


class Clock:
    """A clock that only sleep and the database advance."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(minimum_time, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(minimum_time, "eventlet", SimpleNamespace(sleep=self.pass_by))

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def seconds_of_answer(clock: Clock, accounts: list[Any]) -> float:
    started = clock.now
    database = SimpleNamespace(read=lambda work: accounts, run=lambda work: clock.pass_by(0.02))
    worker_factory(User, database=database, principal=Principal()).request_password_reset(username="ada")
    return clock.now - started


def test_the_time_of_the_answer_does_not_tell_whether_there_is_an_account(clock: Clock) -> None:
    account = SimpleNamespace(user_id="u1")
    times = [seconds_of_answer(clock, accounts) for accounts in ([], [account], [account, account])]
    assert times == pytest.approx([minimum_time.RESPONSE_SECONDS] * 3)


def test_a_slow_database_makes_no_answer_slower_still(clock: Clock) -> None:
    with minimum_time.minimum_time():
        clock.pass_by(3)
    assert clock.now == 3
