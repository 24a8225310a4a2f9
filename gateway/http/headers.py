"""The head of a request, read strictly.

What another server on the way might read differently (a second length, a space before a colon) is refused:
such requests smuggle others past it.
"""

import re

from schemas.errors import Malformed

# The query may hold plain UTF-8, though it should be escaped: that is how people type a Chinese title into curl.
TARGET = rb"(/[!->@-~]*(?:\?[!-~\x80-\xff]*)?)"
REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (?:https?://[!-.0-~]+)?" + TARGET + rb" (HTTP/1\.[01])\r?\n")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)\r?\n")
# RFC 3986: an escape of one of these means the character itself; of any other, a part of a name and no separator.
UNRESERVED = re.compile(r"%(2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
ONCE = ("host", "content-length", "transfer-encoding", "content-type", "authorization", "idempotency-key")


def read_request_line(line: bytes) -> tuple[str, str, str]:
    """Verb, target and version; raises Malformed."""
    parts = REQUEST_LINE.fullmatch(line)
    try:
        if parts is not None:
            return parts[1].decode(), parts[2].decode(), parts[3].decode()
    except UnicodeDecodeError:
        pass
    raise Malformed(detail="The request line can't be read.")


def path_of(target: str) -> str:
    """The path of a target, without the escapes it does not need. Those that stay are in no address of ours."""
    return UNRESERVED.sub(lambda escape: chr(int(escape[1], 16)), target.partition("?")[0])


class Head:
    """The header fields of a request, in the shape that eventlet's protocol reads them from."""

    type = ""    # what a body without Content-Type is

    def __init__(self) -> None:
        self._headers: list[tuple[str, str]] = []
        self._values: dict[str, str] = {}

    def add(self, line: bytes) -> None:
        field = FIELD.fullmatch(line)
        if field is None:
            raise Malformed(detail="A header line can't be read.")
        name, value = field[1].decode(), field[2].strip(b" \t").decode("latin-1")
        if name.lower() in ONCE and name.lower() in self._values:
            raise Malformed(detail=f"The header {name} is given twice.")
        self._values.setdefault(name.lower(), value)
        self._headers.append((name, value))

    def get(self, name: str, default: str | None = None) -> str | None:
        return self._values.get(name.lower(), default)

    def check(self, version: str) -> None:
        """Refuse what leaves it open where the body ends."""
        length, encoding = self.get("content-length"), self.get("transfer-encoding")
        if length is not None and not (length.isascii() and length.isdigit() and len(length) < 16):
            raise Malformed(detail="Content-Length is no number.")
        if encoding is not None and (encoding.lower() != "chunked" or length is not None or version == "HTTP/1.0"):
            raise Malformed(detail="The only Transfer-Encoding taken is chunked, alone and in HTTP/1.1.")
        if version == "HTTP/1.1" and not self.get("host"):
            raise Malformed(detail="The header Host is missing.")
