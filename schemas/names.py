"""Names of people: display names, one line of plain text without links; and usernames, in one script each."""

import re
import unicodedata

from precis_i18n import get_profile

# Mail programs turn these into links by themselves.
LINK = re.compile(r"//|@|\bwww\.|\w\.\w{2,}|\d(\.\d+){3}", re.IGNORECASE)
JOINERS = "\u200c\u200d"  # which some scripts and many emoji need

# The scripts in everyday use (UAX 31, table 5), by the word that begins the Unicode names of their letters.
SCRIPTS = frozenset({
    "LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "HEBREW", "ARABIC", "THAANA", "DEVANAGARI", "BENGALI", "GURMUKHI",
    "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "THAI", "LAO", "TIBETAN", "MYANMAR",
    "GEORGIAN", "ETHIOPIC", "KHMER"})
JAPANESE = frozenset({"CJK", "HIRAGANA", "KATAKANA"})
KOREAN = frozenset({"CJK", "HANGUL"})
SPELLED_OTHERWISE = {"IDEOGRAPHIC": "CJK", "KATAKANA-HIRAGANA": "KATAKANA", "ARABIC-INDIC": "ARABIC",
                     "EXTENDED": "ARABIC"}  # the Eastern Arabic digits
# Letters of today; the rest of these scripts is phonetic or historic, and much of it looks like something else.
LETTERS = {"LATIN": re.compile("[a-zA-Z\u00c0-\u01bf\u01c4-\u024f\u0259\u1e00-\u1eff]"),
           "GREEK": re.compile("[\u0370-\u03ff]"), "CYRILLIC": re.compile("[\u0400-\u052f]")}
UNPOINTED = {"ARABIC", "HEBREW"}  # their vowel signs are easily overlooked
LONGEST, SHORTEST, SHORTEST_EAST_ASIAN = 32, 3, 2
PRECIS = get_profile("UsernameCasePreserved")  # RFC 8265; it knows what is unassigned, and which directions go together


class NotAUsername(ValueError):
    """The text can't be a username; the message says why."""


def is_plain(name: str) -> bool:
    """Whether a name has no link, no line end and no invisible character."""
    seen = "".join(sign for sign in name if sign not in JOINERS)
    categories = {unicodedata.category(sign) for sign in seen}
    unseen = categories & {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
    return not unseen and not LINK.search(unicodedata.normalize("NFKC", seen))


def parse_username(text: str) -> str:
    """The username as it is kept and shown: in NFKC, and in lower case unless it is Latin. Raises NotAUsername.

    Small letters, because many capitals of other scripts look like Latin ones.
    """
    name = unicodedata.normalize("NFKC", text)
    scripts = {_script(sign) for sign in name if not re.match(r"[0-9._-]", sign)}
    shortest = SHORTEST_EAST_ASIAN if scripts & (JAPANESE | KOREAN) else SHORTEST
    if not shortest <= len(name) <= LONGEST or name[0] in "._-" or unicodedata.category(name[0])[0] == "M":
        raise NotAUsername(f"{SHORTEST} to {LONGEST} letters, digits, dots, dashes or underscores; the first is a "
                           "letter or a digit.")
    if not (scripts <= JAPANESE or scripts <= KOREAN or (len(scripts) == 1 and scripts <= SCRIPTS)):
        raise NotAUsername("All letters are of one script.")
    try:
        PRECIS.enforce(name)
    except UnicodeEncodeError:
        raise NotAUsername("Has characters that no username can have.") from None
    return name if scripts <= {"LATIN"} else name.lower()


def _script(sign: str) -> str:
    """The script of a letter, a digit or a mark. Raises NotAUsername for any other sign."""
    word = unicodedata.name(sign, "NONE").split()[0]
    script, category = SPELLED_OTHERWISE.get(word, word), unicodedata.category(sign)
    is_letter = category[0] in "LM" or category == "Nd"
    is_overlooked = category[0] == "M" and script in UNPOINTED
    if not is_letter or is_overlooked or (script in LETTERS and not LETTERS[script].match(sign)):
        raise NotAUsername("Letters, digits, dots, dashes and underscores only.")
    return script
