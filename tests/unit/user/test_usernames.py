"""One name has one key in every spelling, names that look alike share it, and names that differ do not."""

import itertools
import string

import pytest

from schemas.names import parse_username
from services.user.usernames import _LOOK_ALIKES, LONGEST_KEY, is_username, username_key


@pytest.mark.parametrize("names", [
    ("ada", "ADA", "\uff21da"), ("coco", "\u0441\u043e\u0441\u043e"), ("istanbul", "\u0130stanbul", "\u0131stanbul"),
    ("zoë", "ZOE\u0308"), ("STRASSE", "straße"), ("iva", "\u03b9\u03bd\u03b1"), ("二二", "ニニ"),
    ("\u0639\u0644\u064a", "\u0639\u0644\u06cc"), ("\u0639\u0644\u064a1", "\u0639\u0644\u064a\u0661"),
    ("alice", "a\u0196ice"), ("rob", "\u01a6ob"), ("bob", "\u0185ob"), ("paul", "\u01bfaul"), ("john", "\u0237ohn"),
    ("iva3", "iva\u01b7", "iva\u021d"), ("iva258", "iva\u01a8\u01bd\u0223"), ("joy", "\u03f3\u03bf\u03b3"),
    ("\u03c3\u03c9\u03ba\u03c1\u03ac\u03c4\u03b7\u03c2", "\u03a3\u03a9\u039a\u03a1\u0386\u03a4\u0397\u03a3"),
], ids=lambda names: names[0])
def test_spellings_and_look_alikes_share_a_key(names: tuple[str, ...]) -> None:
    assert len({username_key(name) for name in names}) == 1


def test_different_names_have_different_keys() -> None:
    names = ["zoe", "zoë", "иван", "иванн", "王伟", "王伟1", "さくら", "サクラ", "paul1", "paull", "pau1", "o0o", "000"]
    assert len({username_key(name) for name in names}) == len(names)


def test_the_key_of_an_account_from_before_is_what_it_was() -> None:
    letters = string.ascii_letters + string.digits + "._-"
    for name in (f"a{one}{other}" for one, other in itertools.product(letters, repeat=2)):
        assert username_key(name) == name.lower()
        assert parse_username(name) == name


def test_no_letter_stands_for_one_that_is_replaced_itself() -> None:
    assert not set(_LOOK_ALIKES) & set(_LOOK_ALIKES.values())


@pytest.mark.parametrize("letter", ["\u0390", "\u00df", "\u0149", "\u0130"])
def test_the_longest_name_has_a_key_that_fits(letter: str) -> None:
    assert len(username_key(letter * 32)) <= LONGEST_KEY


def test_what_is_no_username_has_a_key_for_the_throttles_alone() -> None:
    assert username_key("Ada@Cinema.example") == "ada@cinema.example"
    assert not is_username("ada@cinema.example")
    assert not is_username("ada ")
