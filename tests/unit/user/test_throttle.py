from collections.abc import Iterator

import nameko
import pytest

from schemas.errors import TooOften
from services.user.throttle import LoginThrottle
from tests.unit.user.samples import SECTION

NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture
def throttle() -> Iterator[LoginThrottle]:
    settings = {"REDIS_URIS": {"marquee": NO_REDIS}, "user": {**SECTION, "login_failures": 3}}
    with nameko.config.patch(settings):
        counter = LoginThrottle()
        counter.setup()
        yield counter


def test_each_process_counts_for_itself_without_redis(throttle: LoginThrottle) -> None:
    for _ in range(3):
        throttle.count("ada")

    with pytest.raises(TooOften) as refused:
        throttle.count("ada")
    assert 890 < refused.value.about["retry_after"] <= 900


def test_a_name_is_counted_alike_in_any_case_and_width(throttle: LoginThrottle) -> None:
    for name in ("ada", "ADA", "\uff21da"):
        throttle.count(name)

    with pytest.raises(TooOften):
        throttle.count("aDa")


def test_other_names_are_not_kept_waiting(throttle: LoginThrottle) -> None:
    for _ in range(3):
        throttle.count("ada")

    throttle.count("grace")


def test_a_reset_name_starts_anew(throttle: LoginThrottle) -> None:
    for _ in range(3):
        throttle.count("ada")
    throttle.reset("ada")

    throttle.count("ada")
