"""The fields of a call: from the query string of a GET, from the JSON object of a POST."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

import orjson

from gateway.http.messages import Environ, Request
from gateway.http.request_reader import content_type
from schemas import user
from schemas.base import Method
from schemas.errors import Malformed, Unauthenticated
from schemas.gateway import NotJson, SecretInAddress

IDEMPOTENCY_KEY = re.compile(r"^[\x21-\x7e]{1,255}\Z")
MAX_QUERY_FIELDS = 50
MAX_DEPTH = 16


def read_fields(method: Method, request: Request) -> dict[str, Any]:
    """The fields that the request gives this method. A keyed method's Idempotency-Key goes into the request.

    The token to authorize may be that of the request. Raises Malformed, SecretInAddress, Unauthenticated or NotJson,
    and whatever reading the body raises.
    """
    if method.keyed:
        request.idempotency_key = _idempotency_key(request.environ)
    query = request.environ.get("QUERY_STRING", "")
    if request.verb == "POST":
        if method.secret_fields and query:
            _check_query(_pairs(query), method)
        fields = _json_fields(request.read_body(), request.environ)
    else:
        fields = _query_fields(query, method)
    if method is user.AUTHORIZE and request.token:
        fields.setdefault("token", request.token)
    elif method is user.AUTHORIZE and request.verb != "POST":
        raise Unauthenticated()
    return fields


def _idempotency_key(environ: Environ) -> str | None:
    key: str | None = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not IDEMPOTENCY_KEY.match(key):
        raise Malformed(detail="An Idempotency-Key has 1 to 255 visible ASCII characters.")
    return key


def _query_fields(text: str, method: Method) -> dict[str, Any]:
    """Fields by name. A list is its field given once for each element: `seats=F7&seats=F8`."""
    if not text:
        return {}
    pairs = _pairs(text)
    _check_query(pairs, method)
    fields = _unique([pair for pair in pairs if pair[0] not in method.list_fields])
    for name, value in pairs:
        if name in method.list_fields:
            fields.setdefault(name, []).append(value)
    return fields


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        raise Malformed(detail="The query string can't be read.") from None


def _check_query(pairs: list[tuple[str, str]], method: Method) -> None:
    if given := sorted(method.secret_fields & dict(pairs).keys()):
        raise SecretInAddress(fields={name: ["Send it in a header or the body."] for name in given})


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed(detail="A field is given twice.")
    return fields


# orjson takes what JSON allows and nothing else, but of two equal names it keeps the last.
_DUPLICATES = json.JSONDecoder(object_pairs_hook=_unique)


def _json_fields(body: bytes, environ: Environ) -> dict[str, Any]:
    if not body:
        return {}
    if content_type(environ) != "application/json":
        raise NotJson()
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Malformed(detail="The body is not JSON.") from None
    if not isinstance(fields, dict):
        raise Malformed(detail="The body must be a JSON object.")
    _check_depth(fields, MAX_DEPTH)
    _DUPLICATES.decode(body.decode())
    return fields


def _check_depth(value: Any, levels: int) -> None:
    if levels == 0:
        raise Malformed(detail=f"Objects and lists go no deeper than {MAX_DEPTH}.")
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            _check_depth(part, levels - 1)
