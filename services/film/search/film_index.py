"""An index of films by what moviegoers remember of them: titles, directors and cast.

Every word that is looked for has to be in one of these, as a whole word, the beginning of one or a part of it. If no
film has them all, words may be mistyped: a letter wrong, missing, too many or in the other's place, two in long words.
"""

import heapq
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice, pairwise, takewhile
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from services.film.search.text_normalization import plain, spellings_of, words_of

TITLE, DIRECTOR, CAST = 4, 2, 1                     # how much a match there counts
WHOLE, BEGINNING, PART, MISTYPED, NONE = 4, 3, 2, 1, 0    # how much such a match counts
AS_WRITTEN = 100                                    # a title has the text as it was typed
SHORTEST_PART = 4                                   # letters that are looked for inside of words, too
START = "^"                                         # stands before the first letter in a pair
PAIRS_OF_AN_ERROR = 3                               # so many pairs, at most, are others when two letters swap places
MOST_WORDS, MOST_FOUND = 8, 1000


class FilmIndex:
    """Made of rows with film_id, title, original_title, director and cast; finds the ids of films, the best first."""

    def __init__(self, films: Iterable[Any]) -> None:
        films = list(films)
        self._ids = [film.film_id for film in films]
        self._titles = [plain(f"{film.title}\n{film.original_title}") for film in films]
        self._spellings = [_weighted(film) for film in films]
        places = defaultdict[str, list[int]](list)
        for at, spellings in enumerate(self._spellings):
            for spelling in spellings:
                places[spelling].append(at)
        self._places = dict(places)
        self._vocabulary = sorted(places)
        self._with_pair = defaultdict[str, list[int]](list)
        for number, spelling in enumerate(self._vocabulary):
            for pair in _pairs(spelling):
                self._with_pair[pair].append(number)

    def search(self, text: str) -> list[str]:
        """The ids of at most MOST_FOUND films, the best match first."""
        words, written = words_of(text)[:MOST_WORDS], plain(text)
        found = self._with_all(words)
        for at in [at for at, titles in enumerate(self._titles) if written and written in titles]:
            found[at] = found.get(at, 0) + AS_WRITTEN
        found = found or self._with_all(words, _errors_allowed)
        best = heapq.nsmallest(MOST_FOUND, found, key=lambda at: (-found[at], self._titles[at]))
        return [self._ids[at] for at in best]

    def _with_all(self, words: Sequence[str], errors: Callable[[str], int] = lambda word: 0) -> dict[int, int]:
        """The films that have every word, and how well they match. `errors`: how many a word may have."""
        if not words:
            return {}
        longest = max(words, key=len)      # few films have it; only they are asked for the other words
        near = chain.from_iterable(map(self._places.__getitem__, self._near(longest, errors(longest))))
        scores = {}
        for at in islice(dict.fromkeys(near), MOST_FOUND):
            each = list(takewhile(bool, (self._score(at, word, errors(word)) for word in words)))
            if len(each) == len(words):
                scores[at] = sum(each)
        return scores

    def _near(self, word: str, errors: int) -> Iterable[str]:
        """The spellings in the vocabulary that match the word."""
        if len(word) < SHORTEST_PART:
            first = bisect_left(self._vocabulary, word)
            return takewhile(lambda each: each.startswith(word), islice(self._vocabulary, first, None))
        pairs = _pairs(word) - {START + word[0]}
        alike = self._alike(pairs, len(pairs))
        parts = [each for each in alike if word in each]
        return parts + self._mistyped(word, errors) if errors else parts

    def _mistyped(self, word: str, errors: int) -> list[str]:
        """The spellings that the word, or the beginnings that it, was meant to be."""
        pairs = _pairs(word)
        alike = self._alike(pairs, max(1, len(pairs) - errors * PAIRS_OF_AN_ERROR))
        beginnings = [each[:len(word)] for each in alike]
        return [alike[at] for choices in (alike, beginnings) for _, _, at in process.extract(
            word, choices, scorer=OSA.distance, score_cutoff=errors, limit=None)]

    def _alike(self, pairs: Iterable[str], least: int) -> list[str]:
        """The spellings that have at least so many of these pairs of letters."""
        counts = Counter(chain.from_iterable(self._with_pair.get(pair, ()) for pair in pairs))
        return [self._vocabulary[number] for number, count in counts.items() if count >= least]

    def _score(self, at: int, word: str, errors: int) -> int:
        best = NONE
        for spelling, weight in self._spellings[at].items():
            if word in spelling:
                best = max(best, weight * _likeness(word, spelling))
            elif errors and weight > best and _is_mistyped(word, spelling, errors):
                best = weight * MISTYPED
        return best


def _weighted(film: Any) -> dict[str, int]:
    """Each spelling that finds the film, and how much it counts."""
    titles = (film.title, film.original_title)
    texts = [*((CAST, name) for name in film.cast), (DIRECTOR, film.director), *((TITLE, title) for title in titles)]
    in_one_word = {"".join(words_of(title)): TITLE for title in titles}
    found = in_one_word | {spelling: weight for weight, text in texts for spelling in spellings_of(text)}
    return {spelling: weight for spelling, weight in found.items() if spelling}


def _pairs(word: str) -> set[str]:
    """The pairs of letters beside each other, and the first one with what marks it as such."""
    return {START + word[:1], *map("".join, pairwise(word))}


def _likeness(word: str, spelling: str) -> int:
    """How well a word matches that is part of a spelling."""
    if spelling.startswith(word):
        return WHOLE if len(word) == len(spelling) else BEGINNING
    return PART if len(word) >= SHORTEST_PART else NONE


def _is_mistyped(word: str, spelling: str, errors: int) -> bool:
    return any(OSA.distance(word, meant, score_cutoff=errors) <= errors for meant in (spelling, spelling[:len(word)]))


def _errors_allowed(word: str) -> int:
    """One from four letters on, two from eight on."""
    return min(len(word) // 4, 2)
