"""How usernames are compared: without regard to case and width, and with one key for letters that look alike.

The table has what a whole name could be made of in another script (UTS 39, whole-script confusables), and the letters
of one script that few readers can tell apart. It never maps an ASCII letter, so no two ASCII names share a key.
"""

import unicodedata

from schemas.names import NotAUsername, parse_username

LONGEST_KEY = 128  # folding makes up to three letters of one

_LOOK_ALIKES = str.maketrans(
    # Cyrillic, Greek and Armenian letters that look like Latin ones, then like each other
    "асԁеһіјӏорԛѕԝхуүѵкгь" + "αγικνορσυτχϳ" + "օոսհյգզց" + "фпє"
    # Latin, some of it only in its capital; and Latin letters that look like digits
    + "ıĸðɖǝșț" + "ǎěǧǐǒǔ" + "ɩʀƅƿȷ" + "ƨʒȝƽȣ"
    # Arabic, as keyboards of several countries write it
    + "یىکہھ"
    # kana and Chinese characters
    + "ニロカトタエハヘリー",
    "acdehijlopqswxyyvkrb" + "ayikvopoutxj" + "onuhjqqg" + "φπε"
    + "ikđđəşţ" + "ăĕğĭŏŭ" + "lrbpj" + "23358"
    + "ييكهه"
    + "二口力卜夕工八へり一")
_DOT_OF_I = "i\u0307"  # İ in lower case


def username_key(username: str) -> str:
    """The same key for every spelling of one username; for text that can't be a username, its lower case.

    A mark above or below a letter counts; the digits of all scripts are the same.
    """
    try:
        name = parse_username(username)
    except NotAUsername:
        return unicodedata.normalize("NFKC", username).casefold()
    folded = unicodedata.normalize("NFKC", name.casefold()).replace(_DOT_OF_I, "i")
    letters = unicodedata.normalize("NFD", folded.translate(_LOOK_ALIKES)).translate(_LOOK_ALIKES)
    return unicodedata.normalize("NFC", "".join(_digit(sign) for sign in letters))


def is_username(text: str) -> bool:
    """Whether an account can have this username."""
    try:
        parse_username(text)
    except NotAUsername:
        return False
    return True


def _digit(sign: str) -> str:
    return str(unicodedata.decimal(sign)) if unicodedata.category(sign) == "Nd" else sign
