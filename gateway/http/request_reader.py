"""Reads the head and the body of a request from its WSGI environment."""

import re
from functools import lru_cache
from typing import Any

import eventlet
from werkzeug.datastructures import Accept, MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from gateway.http import cookies
from gateway.http.messages import Environ, Request
from schemas.errors import Malformed
from schemas.gateway import TooLarge, TooSlow
from services.foundation.ids import new_id

LONGEST_USER_AGENT = 200
CODINGS = {"br": "br", "gzip": "gzip", "x-gzip": "gzip"}
REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}\Z")
BEARER = re.compile(r"^Bearer +([A-Za-z0-9._~+/=-]{1,200})\Z", re.IGNORECASE)


def read_head(environ: Environ) -> Request:
    """The request without its route, its fields and its body. An odd X-Request-ID is replaced by a new one."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    bearer = BEARER.match(environ.get("HTTP_AUTHORIZATION", ""))
    return Request(
        verb=environ["REQUEST_METHOD"], path=environ["PATH_INFO"],
        request_id=given if REQUEST_ID.match(given) else new_id(),
        origin=environ.get("HTTP_ORIGIN"), token=bearer.group(1) if bearer else cookies.token_of(environ),
        last_event_id=environ.get("HTTP_LAST_EVENT_ID"), if_none_match=environ.get("HTTP_IF_NONE_MATCH"),
        codings=_codings(environ.get("HTTP_ACCEPT_ENCODING", "")),
        accepts_html=_accepts_html(environ.get("HTTP_ACCEPT", "")),
        wants_cookie=cookies.wants_cookie(environ), expected_user=cookies.expected_user(environ), environ=environ,
    )


def user_agent(environ: Environ) -> str | None:
    """How the client calls itself, in up to LONGEST_USER_AGENT visible ASCII characters; None if it does not say."""
    given = environ.get("HTTP_USER_AGENT", "")
    return "".join(sign for sign in given if " " <= sign <= "~")[:LONGEST_USER_AGENT] or None


# Browsers send the same few values with every request.
@lru_cache(maxsize=64)
def _codings(header: str) -> frozenset[str]:
    accepted = parse_accept_header(header)
    return frozenset(coding for name, coding in CODINGS.items() if _names(accepted, name))


@lru_cache(maxsize=64)
def _accepts_html(header: str) -> bool:
    return _names(parse_accept_header(header, MIMEAccept), "text/html")


def _names(accepted: Accept, choice: str) -> bool:
    """Whether the header names this very choice; a program that takes `*/*` or `*` asks for nothing special."""
    return any(value.partition(";")[0].lower() == choice and quality > 0 for value, quality in accepted)


def content_type(environ: Environ) -> str:
    """The media type of the body in lower case, without parameters; empty where none is given."""
    return parse_options_header(environ.get("CONTENT_TYPE", ""))[0].lower()


def read_body(environ: Environ, limit: int, seconds: float) -> bytes:
    """The whole body, of at most `limit` bytes, which has `seconds` to arrive.

    Raises TooLarge, TooSlow, or Malformed when the connection ends or the chunks make no sense.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > limit:
        raise TooLarge(limit=limit)
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    if not chunked and not length:
        return b""
    body = _receive(environ["wsgi.input"], limit + 1 if chunked else length, seconds)
    if len(body) > limit:
        raise TooLarge(limit=limit)
    if not chunked and len(body) < length:
        raise Malformed(detail="The body broke off.")
    return body


def _receive(stream: Any, length: int, seconds: float) -> bytes:
    try:
        with eventlet.Timeout(seconds, TooSlow()):
            return bytes(stream.read(length))
    except TimeoutError:
        raise TooSlow() from None
    except (OSError, ValueError):
        raise Malformed(detail="The body broke off.") from None
