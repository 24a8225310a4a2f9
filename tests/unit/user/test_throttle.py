"""How many links are mailed: an account that asks too often is told so, a stranger's address just gets no more."""

from collections.abc import Iterator

import nameko
import pytest

from schemas.errors import TooOften
from services.user.throttle import ConfirmationThrottle, PasswordResetThrottle
from tests.unit.user.samples import SECTION


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    with nameko.config.patch({"REDIS_URIS": {"marquee": "redis://127.0.0.1:1/0"}, "user": SECTION}):
        yield


@pytest.fixture
def throttle() -> ConfirmationThrottle:
    counter = ConfirmationThrottle()
    counter.setup()
    return counter


def test_sixty_accounts_get_a_stranger_five_mails_in_any_spelling(throttle: ConfirmationThrottle) -> None:
    allowed = [throttle.allow(f"Victim+{number}@mail.example", f"account{number}") for number in range(60)]
    assert allowed == [True] * 5 + [False] * 55


def test_an_account_that_asks_for_sixty_links_gets_five_and_is_told_to_wait(throttle: ConfirmationThrottle) -> None:
    assert [throttle.allow(f"stranger{number}@mail.example", "ada") for number in range(5)] == [True] * 5
    for number in range(5, 60):
        with pytest.raises(TooOften) as refused:
            throttle.allow(f"stranger{number}@mail.example", "ada")
    assert 3500 < refused.value.about["retry_after"] <= 3600
    assert throttle.allow("stranger59@mail.example", "grace")


def test_a_name_is_asked_for_five_times_an_hour_in_any_spelling() -> None:
    throttle = PasswordResetThrottle()
    throttle.setup()
    for name in ("ada", "Ada", "ADA", "adA", "aDa"):
        throttle.count(name)
    with pytest.raises(TooOften) as refused:
        throttle.count("ada")
    throttle.count("grace")
    assert 3500 < refused.value.about["retry_after"] <= 3600
