"""Refusals in the OpenAPI document: the responses with which a call may end, and their schema."""

from collections.abc import Iterable
from typing import Any

from gateway.replies import status_of
from schemas import catalogue
from schemas.errors import Refusal
from schemas.order.refusals import SeatsTaken

PROBLEM = "application/problem+json"
SECONDS = {"type": "integer", "minimum": 0}
RETRY_AFTER = {"Retry-After": {"required": True, "schema": SECONDS, "description": "seconds to wait"}}
HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": "Bearer"}}},
    405: {"Allow": {"required": True, "schema": {"type": "string"}, "description": "the verbs that it answers"}},
    429: {**RETRY_AFTER, **{name: {
        "schema": {"type": "string"}, "description": "draft-ietf-httpapi-ratelimit-headers; where the limit is one of "
        "`limits` in the settings"} for name in ("RateLimit", "RateLimit-Policy")}},
    503: RETRY_AFTER,
}


def problems(refusals: Iterable[type[Refusal]]) -> dict[str, Any]:
    """The responses by status, each with what its refusals mean and the headers that come with it."""
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in dict.fromkeys(refusals):
        by_status.setdefault(status_of(refusal), []).append(refusal)
    return {str(status): {
        "description": " ".join(f"`{refusal.code}`: {refusal.meaning()}" for refusal in refusals),
        **({"headers": HEADERS[status]} if status in HEADERS else {}),
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    } for status, refusals in sorted(by_status.items())}


def problem_schema() -> dict[str, Any]:
    """The schema `Problem`."""
    return {
        "type": "object", "description": "RFC 9457, with what the refusal is about beside the standard members.",
        "required": ["type", "title", "status", "code", "request_id"],
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "code": {"type": "string", "enum": sorted(catalogue.refusals())}, "request_id": {"type": "string"},
            "trace_id": {"type": "string", "description": "of W3C Trace Context; absent if the request can't be read"},
            "detail": {"type": "string"},
        },
        "example": {"type": "/docs#seats_taken", "title": SeatsTaken.meaning(), "status": 409, "code": SeatsTaken.code,
                    "request_id": "01a1fd940ea77809a77a2f8a6f48a334",
                    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "seats": ["F8"]},
    }
