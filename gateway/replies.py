"""Results and refusals as HTTP: status numbers and headers. Problems follow RFC 9457."""

import math
from http import HTTPStatus
from typing import Any

import orjson

from gateway.http.messages import Headers, Reply
from schemas import errors, gateway
from schemas.errors import Refusal
from services.foundation.tracing.trace_context import trace_id

STATUS: dict[type[Refusal], int] = {
    errors.Malformed: 400,
    errors.Invalid: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Busy: 503,
    errors.TooOften: 429,
    errors.RoomSilent: 504,
    gateway.ChallengeRequired: 428,
    gateway.MethodNotAllowed: 405,
    gateway.TooSlow: 408,
    gateway.TooLarge: 413,
    gateway.NotJson: 415,
    gateway.InternalError: 500,
}
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
STANDARD = ("type", "title", "status", "code", "request_id", "trace_id")

JSON_HEADERS: Headers = [
    ("Content-Type", "application/json"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),
]
PRIVATE: Headers = [*JSON_HEADERS, ("Cache-Control", "no-store")]
PROBLEM: Headers = [("Content-Type", "application/problem+json"), *PRIVATE[1:]]
STREAM: Headers = [("Content-Type", "text/event-stream"), *PRIVATE[1:], ("X-Accel-Buffering", "no")]
HTML: Headers = [
    ("Content-Type", "text/html; charset=utf-8"),
    *JSON_HEADERS[1:4],
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
                                "form-action 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    JSON_HEADERS[5],
]


def status_of(refusal: type[Refusal]) -> int:
    """The HTTP status of the refusal's nearest base class that has one."""
    return next(STATUS[kind] for kind in refusal.__mro__ if kind in STATUS)


def result(body: Any) -> Reply:
    """200 with a room's reply, as JSON, which no cache may store."""
    return Reply(200, orjson.dumps(body), PRIVATE)


def problem(refusal: Refusal, request_id: str) -> Reply:
    """A refusal as problem+json; its facts stand beside the standard members and never replace them."""
    kind = type(refusal)
    status = status_of(kind)
    facts = {name: value for name, value in refusal.about.items() if name not in STANDARD}
    body = {"type": f"/docs#{refusal.code}", "title": kind.meaning(), "status": status, "code": refusal.code,
            "request_id": request_id, **facts}
    if trace := trace_id():   # a request that could not be read belongs to none
        body["trace_id"] = trace
    headers = list(PROBLEM)
    if status == 401:
        headers.append(("WWW-Authenticate", "Bearer"))
    if status == 405:
        headers.append(("Allow", ", ".join(facts.get("allowed", []))))
    if status in (429, 503) or "retry_after" in facts:
        headers.append(("Retry-After", str(math.ceil(facts.get("retry_after", 1)))))
    if "policy" in facts:
        headers.extend(_rate_limit_fields(facts))
    return Reply(status, orjson.dumps(body), headers)


def _rate_limit_fields(facts: dict[str, Any]) -> Headers:
    """The fields of draft-ietf-httpapi-ratelimit-headers: `quota` requests in a `window`, and none is left now."""
    policy = facts["policy"]
    return [("RateLimit-Policy", f'"{policy}";q={facts["quota"]};w={facts["window"]}'),
            ("RateLimit", f'"{policy}";r=0;t={math.ceil(facts["retry_after"])}')]
