from collections.abc import Iterator

import eventlet
import nameko
import pytest
from argon2 import PasswordHasher

from schemas.errors import Busy
from services.user import passwords


@pytest.fixture(autouse=True)
def six_workers() -> Iterator[None]:
    with nameko.config.patch({"user": {"max_workers": 6}}):
        yield


def test_a_password_matches_its_own_hash_only() -> None:
    kept = passwords.make_hash("correct horse")

    assert passwords.matches(kept, "correct horse")
    assert not passwords.matches(kept, "Correct horse")


def test_two_with_the_same_password_have_different_hashes() -> None:
    assert passwords.make_hash("correct horse") != passwords.make_hash("correct horse")


def test_who_does_not_exist_has_no_password() -> None:
    assert not passwords.matches(None, "correct horse")


def test_hashes_are_made_as_owasp_advises() -> None:
    assert passwords.make_hash("correct horse").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_weaker_hash_of_old_is_recognised() -> None:
    old = PasswordHasher(memory_cost=8 * 1024, time_cost=1, parallelism=1).hash("correct horse")

    assert passwords.is_outdated(old)
    assert not passwords.is_outdated(passwords.make_hash("correct horse"))


def test_a_rush_of_passwords_leaves_workers_for_everybody_else() -> None:
    rush = [eventlet.spawn(passwords.make_hash, "correct horse") for _ in range(6)]

    refused = 0
    for one in rush:
        try:
            one.wait()
        except Busy:
            refused += 1

    assert refused == 4
    assert passwords.make_hash("correct horse")
