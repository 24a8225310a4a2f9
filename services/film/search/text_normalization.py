"""Text as words that can be compared: in Latin letters, without case and accents, whatever script it was written in."""

import re
import unicodedata

from anyascii import anyascii

WORD = re.compile(r"[^\W_]+")
SYLLABLE = re.compile(r"[A-Z][a-z]*")    # anyascii writes 霸王别姬 as BaWangBieJi
NO_LETTER = re.compile(r"[^a-z0-9]+")


def plain(text: str) -> str:
    """The text without differences of case and of how Unicode composes a letter."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def words_of(text: str) -> list[str]:
    """The words of what somebody looks for."""
    written = unicodedata.normalize("NFKC", text)
    return [word for part in WORD.findall(written) if (word := _latin(anyascii(part)))]


def spellings_of(text: str) -> set[str]:
    """All that somebody may type to find one of its words; in scripts without letters also syllables, initials."""
    parts = WORD.findall(unicodedata.normalize("NFKC", text))
    return {spelling for part in parts for spelling in _spellings_of_word(part)} - {""}


def _spellings_of_word(word: str) -> set[str]:
    latin = anyascii(word)
    syllables = [] if word.isascii() else SYLLABLE.findall(latin)
    spellings = {_latin(latin)}
    if len(syllables) > 1:
        spellings |= {*map(str.lower, syllables), "".join(syllable[0] for syllable in syllables).lower()}
    return spellings


def _latin(text: str) -> str:
    return NO_LETTER.sub("", text.lower())
