import unicodedata
from collections.abc import Iterator

import eventlet
import nameko
import pytest
from argon2 import PasswordHasher

from schemas.errors import Busy, FieldsInvalid
from services.user import passwords


@pytest.fixture(autouse=True)
def six_workers() -> Iterator[None]:
    with nameko.config.patch({"user": {"max_workers": 6}}):
        yield


def test_a_password_matches_its_own_hash_only() -> None:
    kept = passwords.make_hash("correct horse")

    assert passwords.matching(kept, "correct horse") == "correct horse"
    assert passwords.matching(kept, "Correct horse") is None


def test_two_with_the_same_password_have_different_hashes() -> None:
    assert passwords.make_hash("correct horse") != passwords.make_hash("correct horse")


def test_who_does_not_exist_has_no_password() -> None:
    assert passwords.matching(None, "correct horse") is None


def test_hashes_are_made_as_owasp_advises() -> None:
    assert passwords.make_hash("correct horse").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_weaker_hash_of_old_is_recognised() -> None:
    old = PasswordHasher(memory_cost=8 * 1024, time_cost=1, parallelism=1).hash("correct horse")

    assert passwords.is_outdated(old, "correct horse")
    assert not passwords.is_outdated(passwords.make_hash("correct horse"), "correct horse")


COMPOSED = "Zo\u00eb's p\u00e4ssw\u00f6rter"


@pytest.mark.parametrize("typed", [COMPOSED, unicodedata.normalize("NFD", COMPOSED), COMPOSED.replace(" ", "\u00a0"),
                                   COMPOSED.replace(" ", "\u3000")],
                         ids=["composed", "decomposed", "no-break space", "ideographic space"])
def test_a_password_is_the_same_on_every_keyboard(typed: str) -> None:
    assert passwords.matching(passwords.make_hash(typed), COMPOSED)
    assert passwords.matching(passwords.make_hash(COMPOSED), typed)


def test_what_looks_alike_is_not_the_same() -> None:
    assert passwords.matching(passwords.make_hash("\ufb01ne horses"), "fine horses") is None
    assert passwords.matching(passwords.make_hash("Correct horse"), "correct horse") is None


def test_a_hash_of_old_knows_its_password_as_it_was_typed_and_is_made_anew() -> None:
    typed = unicodedata.normalize("NFD", COMPOSED)
    old = passwords._HASHER.hash(typed)
    assert passwords.matching(old, typed) == typed
    assert passwords.is_outdated(old, typed)
    assert not passwords.is_outdated(passwords.make_hash(typed), COMPOSED)
    odd = "tab\tbed horse"  # which nobody could choose today
    assert passwords.matching(passwords._HASHER.hash(odd), odd) == odd
    assert not passwords.is_outdated(passwords._HASHER.hash(odd), odd)


def test_a_hash_of_old_is_left_alone_when_its_password_could_not_be_chosen_today() -> None:
    short = "e\u0301" * 4  # eight code points as typed, four once normalized
    old = PasswordHasher(memory_cost=8 * 1024, time_cost=1, parallelism=1).hash(short)
    assert passwords.matching(old, short) == short
    assert not passwords.is_outdated(old, short)


@pytest.mark.parametrize("password", ["tab\tbed horse", "e\u0301" * 5, "1234567\u200d", "\u2028" * 8])
def test_what_is_too_short_once_it_is_normalized_or_has_no_normal_form_is_refused(password: str) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        passwords.make_hash(password)
    assert list(refused.value.about["fields"]) == ["password"]


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
