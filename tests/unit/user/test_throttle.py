from collections.abc import Iterator

import nameko
import pytest

from schemas.errors import TooOften
from services.user.throttle import LoginAttempts

NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture
def attempts() -> Iterator[LoginAttempts]:
    settings = {"REDIS_URIS": {"marquee": NO_REDIS}, "user": {"login_failures": 3, "login_window_minutes": 15}}
    with nameko.config.patch(settings):
        counter = LoginAttempts()
        counter.setup()
        yield counter


def test_without_redis_each_process_counts_for_itself(attempts: LoginAttempts) -> None:
    for _ in range(3):
        attempts.count("ada")

    with pytest.raises(TooOften) as refused:
        attempts.count("ada")
    assert 890 < refused.value.about["retry_after"] <= 900


def test_the_name_is_the_same_in_any_case_and_width(attempts: LoginAttempts) -> None:
    for name in ("ada", "ADA", "\uff21da"):
        attempts.count(name)

    with pytest.raises(TooOften):
        attempts.count("aDa")


def test_others_are_not_kept_waiting(attempts: LoginAttempts) -> None:
    for _ in range(3):
        attempts.count("ada")

    attempts.count("grace")


def test_who_signs_in_starts_anew(attempts: LoginAttempts) -> None:
    for _ in range(3):
        attempts.count("ada")
    attempts.forget("ada")

    attempts.count("ada")
