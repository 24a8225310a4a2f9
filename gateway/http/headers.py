"""Strict reading of a request line and of header fields.

Whatever a proxy in front might read differently (a second length, a space before a colon) is refused, because such a
request can smuggle another one past the proxy (RFC 9112, section 11.2).
"""

import re

from schemas.errors import Malformed

# The query may hold plain UTF-8, although it should be escaped: people type Chinese titles into curl so.
TARGET = rb"(/[!->@-~]*(?:\?[!-~\x80-\xff]*)?)"
REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (?:https?://[!-.0-~]+)?" + TARGET + rb" (HTTP/1\.[01])\r?\n")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)\r?\n")
# RFC 3986, section 2.3: the escape of an unreserved character means the character. Any other stays escaped, so that it
# is a part of a name and never a separator.
UNRESERVED = re.compile(r"%(2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
SINGLE_HEADERS = ("host", "content-length", "transfer-encoding", "content-type", "authorization", "idempotency-key")


def read_request_line(line: bytes) -> tuple[str, str, str]:
    """Verb, target and version of a request line. Raises Malformed."""
    parts = REQUEST_LINE.fullmatch(line)
    try:
        if parts is not None:
            return parts[1].decode(), parts[2].decode(), parts[3].decode()
    except UnicodeDecodeError:
        pass
    raise Malformed(detail="The request line can't be read.")


def path_of(target: str) -> str:
    """The path of a target, without the escapes it does not need. No address of the gateway has any other escape."""
    return UNRESERVED.sub(lambda escape: chr(int(escape[1], 16)), target.partition("?")[0])


class RequestHeaders:
    """The header fields of a request, in the shape that eventlet's protocol expects."""

    type = ""    # the content type of a body that names none

    def __init__(self) -> None:
        self._headers: list[tuple[str, str]] = []
        self._values: dict[str, str] = {}

    def add(self, line: bytes) -> None:
        """Take in one header line with its end. Raises Malformed."""
        field = FIELD.fullmatch(line)
        if field is None:
            raise Malformed(detail="A header line can't be read.")
        name, value = field[1].decode(), field[2].strip(b" \t").decode("latin-1")
        if name.lower() in SINGLE_HEADERS and name.lower() in self._values:
            raise Malformed(detail=f"The header {name} is given twice.")
        self._values.setdefault(name.lower(), value)
        self._headers.append((name, value))

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of this name, in any case."""
        return self._values.get(name.lower(), default)

    def check(self, version: str) -> None:
        """Raise Malformed unless it is certain where the body ends (RFC 9112, section 6)."""
        length, encoding = self.get("content-length"), self.get("transfer-encoding")
        if length is not None and not (length.isascii() and length.isdigit() and len(length) < 16):
            raise Malformed(detail="Content-Length is no number.")
        if encoding is not None and (encoding.lower() != "chunked" or length is not None or version == "HTTP/1.0"):
            raise Malformed(detail="The only Transfer-Encoding taken is chunked, alone and in HTTP/1.1.")
        if version == "HTTP/1.1" and not self.get("host"):
            raise Malformed(detail="The header Host is missing.")
