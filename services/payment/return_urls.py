"""Where a buyer may be sent back to after paying."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from schemas.payment import ReturnUrlRefused

PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*\Z")
ADDRESS = re.compile(r"https?://[!-\[\]-~]+\Z")
LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?\Z")


def abandoned(url: str) -> str:
    """The address for a buyer who turns back without paying: the page there knows it at once."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, "payment=abandoned"]))))


def check_return_url(url: str, origins: Iterable[str], local: bool) -> None:
    """Raise ReturnUrlRefused unless `url` is a path of this site or an address at one of `origins`.

    `local` also allows any loopback address, where a programmer may serve pages of their own.
    """
    if PATH.match(url):
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ReturnUrlRefused() from None
    origin = f"{parts.scheme}://{parts.netloc}"
    known = origin in origins or local and LOOPBACK.match(origin)
    if not known or not ADDRESS.match(url):
        raise ReturnUrlRefused()
