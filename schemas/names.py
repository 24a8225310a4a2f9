"""Display names of people: one line of plain text without links."""

import re
import unicodedata

# Mail programs turn these into links by themselves.
LINK = re.compile(r"//|@|\bwww\.|\w\.\w{2,}|\d(\.\d+){3}", re.IGNORECASE)
JOINERS = "\u200c\u200d"  # which some scripts and many emoji need


def is_plain(name: str) -> bool:
    """Whether a name has no link, no line end and no invisible character."""
    seen = "".join(sign for sign in name if sign not in JOINERS)
    categories = {unicodedata.category(sign) for sign in seen}
    unseen = categories & {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
    return not unseen and not LINK.search(unicodedata.normalize("NFKC", seen))
