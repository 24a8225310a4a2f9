"""Reading a request: verb, headers, query or JSON body. Whatever is not right is refused in one sentence."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

import eventlet
import orjson

from gateway.http import cookies
from gateway.http.messages import Request
from schemas.base import Method
from schemas.errors import Malformed
from schemas.gateway import MethodNotAllowed, NotJson, TooLarge, TooSlow
from services.foundation.ids import new_id

Environ = dict[str, Any]

REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}\Z")
KEY = re.compile(r"^[\x21-\x7e]{1,255}\Z")
BEARER = re.compile(r"^Bearer +([A-Za-z0-9._~+/=-]{1,200})\Z", re.IGNORECASE)
GZIP = re.compile(r"\b(?:x-)?gzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|\s|\Z))")
DEEPEST = 16


def read_head(environ: Environ) -> Request:
    """Everything but the fields."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    bearer = BEARER.match(environ.get("HTTP_AUTHORIZATION", ""))
    return Request(
        verb=environ["REQUEST_METHOD"], path=environ["PATH_INFO"],
        request_id=given if REQUEST_ID.match(given) else new_id(),
        origin=environ.get("HTTP_ORIGIN"), token=bearer.group(1) if bearer else cookies.token_of(environ),
        last_event_id=environ.get("HTTP_LAST_EVENT_ID"),
        etag=environ.get("HTTP_IF_NONE_MATCH"), gzip=bool(GZIP.search(environ.get("HTTP_ACCEPT_ENCODING", ""))),
        browses="text/html" in environ.get("HTTP_ACCEPT", ""), wants_cookie=cookies.is_asked_for(environ),
        believed_user=cookies.believed_user(environ),
    )


def verbs_of(method: Method) -> list[str]:
    return ["GET", "HEAD", "POST"] if method.reads else ["POST"]


def read_fields(environ: Environ, request: Request, method: Method, limit: int, seconds: float) -> dict[str, Any]:
    """The fields of a call: from the query string of a GET, from the JSON object of a POST.

    A body has at most `limit` bytes and `seconds` to arrive.
    """
    if request.verb not in verbs_of(method):
        raise MethodNotAllowed(allowed=verbs_of(method))
    if method.keyed:
        request.idempotency_key = _idempotency_key(environ)
    if request.verb == "POST":
        return _json(read_body(environ, limit, seconds), environ["CONTENT_TYPE"])
    return _query(environ.get("QUERY_STRING", ""), method.list_fields)


def _idempotency_key(environ: Environ) -> str | None:
    key: str | None = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not KEY.match(key):
        raise Malformed(detail="An Idempotency-Key has 1 to 255 visible ASCII characters.")
    return key


def _query(text: str, list_fields: frozenset[str]) -> dict[str, Any]:
    """Fields by name; a list is its field given once for each element: `seats=F7&seats=F8`."""
    if not text:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise Malformed(detail="The query string can't be read.") from None
    fields = _once([pair for pair in pairs if pair[0] not in list_fields])
    for name, value in pairs:
        if name in list_fields:
            fields.setdefault(name, []).append(value)
    return fields


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed(detail="A field is given twice.")
    return fields


def read_body(environ: Environ, limit: int, seconds: float) -> bytes:
    """The whole body, read before anything else is set in motion."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > limit:
        raise TooLarge(limit=limit)
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    if not chunked and not length:
        return b""
    try:
        with eventlet.Timeout(seconds, TooSlow()):
            body: bytes = environ["wsgi.input"].read(limit + 1 if chunked else length)
    except TimeoutError:
        raise TooSlow() from None
    except (OSError, ValueError):
        raise Malformed(detail="The body broke off.") from None
    if len(body) > limit:
        raise TooLarge(limit=limit)
    if not chunked and len(body) < length:
        raise Malformed(detail="The body broke off.")
    return body


# orjson reads what JSON allows and nothing else, but lets the last of two equal names win.
_DUPLICATES = json.JSONDecoder(object_pairs_hook=_once)


def _json(body: bytes, content_type: str) -> dict[str, Any]:
    if not body:
        return {}
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise NotJson()
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Malformed(detail="The body is not JSON.") from None
    if not isinstance(fields, dict):
        raise Malformed(detail="The body must be a JSON object.")
    _check_depth(fields, DEEPEST)
    _DUPLICATES.decode(body.decode())
    return fields


def _check_depth(value: Any, left: int) -> None:
    if left == 0:
        raise Malformed(detail=f"Objects and lists go no deeper than {DEEPEST}.")
    inside = value.values() if isinstance(value, dict) else value
    for part in inside:
        if isinstance(part, dict | list):
            _check_depth(part, left - 1)
