"""How accounts are found by a part of a text: folded texts, cut into all runs of one, two and three characters."""

import unicodedata
from collections.abc import Iterable

LONGEST = 3
MOST_LOOKED_UP = 6  # grams of a long query; the text itself decides in the end


def fold(text: str) -> str:
    """The text without regard to case, width, composition and the kind of its spaces; the same in every script."""
    normal = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(normal.split())


def grams_of(texts: Iterable[str]) -> set[bytes]:
    """Every run of one to LONGEST characters of the folded texts, in UTF-8."""
    return {text[start:start + length].encode()
            for text in texts for length in range(1, LONGEST + 1) for start in range(len(text) - length + 1)}


def grams_to_look_up(query: str) -> list[bytes]:
    """The grams that every text with the folded query in it has: the query itself, or longest ones all along it."""
    if len(query) <= LONGEST:
        return [query.encode()] if query else []
    starts = range(len(query) - LONGEST + 1)
    step = max(1, -(-len(starts) // MOST_LOOKED_UP))
    return list(dict.fromkeys(query[start:start + LONGEST].encode() for start in (*starts[::step], starts[-1])))
