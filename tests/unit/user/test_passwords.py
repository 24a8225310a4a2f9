import unicodedata
from collections import Counter

import eventlet
import pytest
from argon2 import PasswordHasher

from schemas.errors import Busy, FieldsInvalid, TooOften
from services.user.attempts.source import Source
from services.user.passwords import _HASHER, Passwords, hashing_queue, needs_rehash
from services.user.settings import load
from tests.unit.user.samples import SECTION


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(hashing_queue(load({"user": {**SECTION, "max_workers": 6}})))


def test_a_password_matches_its_own_hash_only(passwords: Passwords) -> None:
    kept = passwords.make_hash("correct horse")

    assert passwords.matching_spelling(kept, "correct horse") == "correct horse"
    assert passwords.matching_spelling(kept, "Correct horse") is None


def test_two_users_with_the_same_password_have_different_hashes(passwords: Passwords) -> None:
    assert passwords.make_hash("correct horse") != passwords.make_hash("correct horse")


def test_an_unknown_user_has_no_password(passwords: Passwords) -> None:
    assert passwords.matching_spelling(None, "correct horse") is None


def test_hashes_are_made_as_owasp_advises(passwords: Passwords) -> None:
    assert passwords.make_hash("correct horse").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_weaker_hash_needs_a_new_one(passwords: Passwords) -> None:
    old = PasswordHasher(memory_cost=8 * 1024, time_cost=1, parallelism=1).hash("correct horse")

    assert needs_rehash(old, "correct horse")
    assert not needs_rehash(passwords.make_hash("correct horse"), "correct horse")


COMPOSED = "Zo\u00eb's p\u00e4ssw\u00f6rter"


@pytest.mark.parametrize("typed", [COMPOSED, unicodedata.normalize("NFD", COMPOSED), COMPOSED.replace(" ", "\u00a0"),
                                   COMPOSED.replace(" ", "\u3000")],
                         ids=["composed", "decomposed", "no-break space", "ideographic space"])
def test_a_password_is_the_same_on_every_keyboard(passwords: Passwords, typed: str) -> None:
    assert passwords.matching_spelling(passwords.make_hash(typed), COMPOSED)
    assert passwords.matching_spelling(passwords.make_hash(COMPOSED), typed)


def test_passwords_that_only_look_alike_are_different(passwords: Passwords) -> None:
    assert passwords.matching_spelling(passwords.make_hash("\ufb01ne horses"), "fine horses") is None
    assert passwords.matching_spelling(passwords.make_hash("Correct horse"), "correct horse") is None


def test_an_old_hash_matches_its_password_as_it_was_typed_and_is_replaced(passwords: Passwords) -> None:
    typed = unicodedata.normalize("NFD", COMPOSED)
    old = _HASHER.hash(typed)
    assert passwords.matching_spelling(old, typed) == typed
    assert needs_rehash(old, typed)
    assert not needs_rehash(passwords.make_hash(typed), COMPOSED)
    odd = "tab\tbed horse"  # which nobody could choose today
    assert passwords.matching_spelling(_HASHER.hash(odd), odd) == odd
    assert not needs_rehash(_HASHER.hash(odd), odd)


def test_an_old_hash_stays_if_its_password_could_not_be_chosen_today(passwords: Passwords) -> None:
    short = "e\u0301" * 4  # eight code points as typed, four once normalized
    old = PasswordHasher(memory_cost=8 * 1024, time_cost=1, parallelism=1).hash(short)
    assert passwords.matching_spelling(old, short) == short
    assert not needs_rehash(old, short)


@pytest.mark.parametrize("password", ["tab\tbed horse", "e\u0301" * 5, "1234567\u200d", "\u2028" * 8])
def test_a_password_too_short_once_normalized_or_without_a_normal_form_is_refused(
    passwords: Passwords, password: str,
) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        passwords.make_hash(password)
    assert list(refused.value.about["fields"]) == ["password"]


def test_a_rush_of_passwords_leaves_workers_for_everybody_else(passwords: Passwords) -> None:
    rush = [eventlet.spawn(passwords.make_hash, "correct horse") for _ in range(6)]

    refused = 0
    for one in rush:
        try:
            one.wait()
        except Busy:
            refused += 1

    assert refused == 4
    assert passwords.make_hash("correct horse")


def test_a_crowd_of_guesses_from_one_address_does_not_keep_others_waiting() -> None:
    """250 connections try passwords; a sign-in from elsewhere takes as long as a few hashes."""
    passwords, attacker = Passwords(hashing_queue(load({"user": SECTION}))), Source("address 192.0.2.1")
    kept = passwords.make_hash("correct horse")
    outcomes: Counter[str] = Counter()

    def guess() -> None:
        try:
            passwords.matching_spelling(kept, "wrong horse", attacker)
            outcomes["wrong"] += 1
        except TooOften:
            outcomes["refused"] += 1

    crowd = [eventlet.spawn(guess) for _ in range(250)]
    eventlet.sleep(0)
    assert passwords.matching_spelling(kept, "correct horse", Source("address 192.0.2.2")) == "correct horse"
    assert outcomes["wrong"] <= SECTION["hashes_of_a_source"] + 1
    for each in crowd:
        each.wait()
    assert outcomes == {"wrong": SECTION["hashes_of_a_source"], "refused": 250 - SECTION["hashes_of_a_source"]}
