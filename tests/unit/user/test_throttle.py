"""How many links are mailed: an account that asks too often is told so, a stranger's address just gets no more."""

from collections.abc import Iterator

import nameko
import pytest

from schemas.errors import TooOften
from services.user.throttle import ConfirmationThrottle
from tests.unit.user.samples import SECTION


@pytest.fixture
def throttle() -> Iterator[ConfirmationThrottle]:
    settings = {"REDIS_URIS": {"marquee": "redis://127.0.0.1:1/0"}, "user": SECTION}
    with nameko.config.patch(settings):
        counter = ConfirmationThrottle()
        counter.setup()
        yield counter


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
