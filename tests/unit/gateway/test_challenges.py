"""A challenge costs work, and its answer is good once, for one account and for a while."""

import base64
import json
import time
from typing import Any

import pytest
from altcha import Challenge, Payload, solve_challenge
from redis.exceptions import ConnectionError as RedisAway

from gateway.rate_limits.challenges import ProofOfWork


class Redis:
    """As much of Redis as is needed; `away`: it raises."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.away = False

    def get(self, name: str) -> str | None:
        if self.away:
            raise RedisAway()
        return self.values.get(name)

    def set(self, name: str, value: str, nx: bool = False, ex: int | None = None) -> bool | None:
        if self.away:
            raise RedisAway()
        if nx and name in self.values:
            return None
        self.values[name] = value
        return True


@pytest.fixture
def redis() -> Redis:
    return Redis()


def works(redis: Any, seconds: int = 60) -> ProofOfWork:
    return ProofOfWork(redis, seconds, tries=4)


def solve(challenge: dict[str, Any]) -> str:
    given = Challenge.from_dict(challenge)
    solution = solve_challenge(given)
    assert solution
    return Payload(given, solution).to_base64()


def changed(answer: str, **parameters: Any) -> str:
    content = json.loads(base64.b64decode(answer))
    content["challenge"]["parameters"].update(parameters)
    return base64.b64encode(json.dumps(content).encode()).decode()


def test_an_answer_is_good_once_at_any_gateway(redis: Redis) -> None:
    one, other = works(redis), works(redis)
    answer = solve(one.issue("ada"))
    assert other.accepts(answer, "ada")
    assert not other.accepts(answer, "ada")
    assert not one.accepts(answer, "ada")


def test_an_answer_is_good_for_one_account(redis: Redis) -> None:
    work = works(redis)
    answer = solve(work.issue("ada"))
    assert not work.accepts(answer, "grace")
    forged = changed(answer, data=json.loads(base64.b64decode(solve(work.issue("grace"))))
                     ["challenge"]["parameters"]["data"])
    assert not work.accepts(forged, "grace")
    assert work.accepts(answer, "ada")


def test_an_answer_that_comes_late_is_none(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    work = works(redis)
    answer = solve(work.issue("ada"))
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert not work.accepts(answer, "ada")
    assert not work.accepts(changed(answer, expiresAt=int(later) + 3600), "ada")


def test_a_challenge_that_was_made_easier_is_none_of_ours(redis: Redis) -> None:
    work = works(redis)
    challenge = work.issue("ada")
    challenge["parameters"]["cost"] = 1
    challenge["parameters"]["keyPrefix"] = "00"
    assert not work.accepts(solve(challenge), "ada")


def test_a_guess_is_no_answer(redis: Redis) -> None:
    work = works(redis)
    answer = json.loads(base64.b64decode(solve(work.issue("ada"))))
    answer["solution"]["counter"] += 1
    assert not work.accepts(base64.b64encode(json.dumps(answer).encode()).decode(), "ada")


@pytest.mark.parametrize("nonsense", [
    "", "%", "e30=", "bnVsbA==", "W10=", "A" * 5000, base64.b64encode(b'{"challenge":1,"solution":2}').decode(),
    base64.b64encode(b'{"challenge":{"parameters":{"nonce":[]}},"solution":{}}').decode(), "\u20ac"])
def test_nonsense_is_no_answer(redis: Redis, nonsense: str) -> None:
    assert not works(redis).accepts(nonsense, "ada")


def test_a_gateway_goes_on_by_itself_without_redis(redis: Redis) -> None:
    redis.away = True
    work = works(redis)
    answer = solve(work.issue("ada"))
    assert work.accepts(answer, "ada")
    assert not work.accepts(answer, "ada")
