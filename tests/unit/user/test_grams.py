"""A text is found by each of its parts, in any script."""

import pytest

from services.user.search.grams import MOST_LOOKED_UP, fold, grams_of, grams_to_look_up


@pytest.mark.parametrize(("text", "folded"), [
    ("Ada Lovelace", "ada lovelace"), ("  two \u3000 spaces\t", "two spaces"), ("ＡＤＡ", "ada"), ("Straße", "strasse"),
    ("Zoe\u0308", "zo\u00eb"), ("李雷", "李雷"), ("ΆΔΑ", "άδα"), ("\n", ""),
])
def test_a_text_is_folded_in_every_script(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(folded) == folded


def test_a_text_is_cut_into_all_runs_of_up_to_three_characters() -> None:
    assert grams_of(["abcd"]) == {b"a", b"b", b"c", b"d", b"ab", b"bc", b"cd", b"abc", b"bcd"}
    assert grams_of(["李雷", ""]) == {"李".encode(), "雷".encode(), "李雷".encode()}


@pytest.mark.parametrize("text", ["a", "李雷", "ada@example.org", "a very long name, with much to look for " * 4])
def test_every_part_of_a_text_is_looked_up_by_grams_that_the_text_has(text: str) -> None:
    grams, folded = grams_of([fold(text)]), fold(text)
    for start in range(len(folded)):
        for end in range(start + 1, len(folded) + 1):
            wanted = grams_to_look_up(folded[start:end])
            assert wanted
            assert len(wanted) <= MOST_LOOKED_UP + 1
            assert set(wanted) <= grams


def test_an_empty_query_looks_nothing_up() -> None:
    assert grams_to_look_up("") == []
