"""The addresses of the OpenAPI document that stand for no room's method."""

from typing import Any

from gateway.docs.problems import problems
from gateway.routes.page_errors import REPORT_ERROR
from schemas import errors, film, gateway, payment
from schemas.fields import Id

ANY_CALL = (errors.Malformed, gateway.MethodNotAllowed, gateway.Overloaded, gateway.InternalError)
OF_ROOMS = (errors.RoomUnavailable, errors.CircuitOpen, errors.RoomSilent)
WITH_BODY = (gateway.TooLarge, gateway.TooSlow)


def paths() -> dict[str, dict[str, Any]]:
    """Their operations, by path and verb."""
    return {
        "/health": {"get": _system("health", "Whether this gateway process lives.", {"200": _json(
            "It does.", {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}})})},
        "/ready": {"get": _system("ready", "Whether every room and server is there, and what is missing.", {
            "200": _json("All are there.", READY), "503": _json("Something is missing.", READY)})},
        "/services": {"get": _system("services", "The rooms that run, their methods, and the circuits between rooms; "
                                                 "staff see the internal methods, too.",
                                     {"200": _json("What runs.", SERVICES)})},
        "/live/{screening_id}": {"get": _live()},
        "/payment/webhook/{provider}": {"post": _webhook()},
        REPORT_ERROR.path: {"post": _report_error()},
    }


def _system(name: str, summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": name, "tags": ["system"], "summary": summary, "responses": responses}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _live() -> dict[str, Any]:
    return {
        "operationId": "live", "tags": ["film"], "summary": "A screening's seat map as it changes.",
        "description": "Server-sent events: `seats` has all seats that are not free, `change` those that have changed "
                       "since, `stale` and `fresh` no seat. Each has an id: send the last one as `Last-Event-ID`, "
                       "and get what you missed.",
        "parameters": [
            {"name": "screening_id", "in": "path", "required": True,
             "schema": {"type": "string", "pattern": _pattern_of_ids()}},
            {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}}],
        "responses": {
            "200": {"description": "The stream. The data of each event is JSON: `version` and `seats`.",
                    "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EVENT}}},
            **problems([*film.GET_HALL_INFO.refusals, *ANY_CALL, *OF_ROOMS, gateway.UnknownPath,
                        gateway.TooManyStreams])},
    }


def _webhook() -> dict[str, Any]:
    return {
        "operationId": "payment_webhook", "tags": ["payment"],
        "summary": "Take in a payment provider's webhook.",
        "description": "For payment providers. The body is read as it was signed; its signature stands in the "
                       "provider's own header, such as `Stripe-Signature`.",
        "parameters": [{"name": "provider", "in": "path", "required": True, "example": "stripe",
                        "schema": {"type": "string", "pattern": _pattern_of_ids()}}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
        "responses": {
            "200": _json("It is stored, and will be processed soon.", {"type": "object"}),
            **problems([*payment.RECEIVE_WEBHOOK.refusals, *ANY_CALL, *OF_ROOMS, *WITH_BODY, gateway.UnknownPath,
                        errors.FieldsInvalid, errors.OutcomeUnknown, errors.StorageFull, gateway.TooManyRequests])},
    }


def _report_error() -> dict[str, Any]:
    return {
        "operationId": "page_report_error", "tags": ["page"], "summary": REPORT_ERROR.summary,
        "description": "For our own pages. Nothing about a person is logged, and other fields are ignored.",
        "requestBody": {"required": False, "content": {"application/json": {
            "schema": {"type": "object", "properties": {
                name: {"description": field.metadata["description"]}
                for name, field in REPORT_ERROR.request().fields.items()}},
            "example": {"page": "/screening", "error": "TypeError", "frames": ["/web/hall/hall.js:12:5"]}}}},
        "responses": {
            "200": _json("It is in the log.", {"type": "object"}),
            **problems([*ANY_CALL, *WITH_BODY, gateway.NotJson, gateway.TooManyRequests])},
    }


def _pattern_of_ids() -> str:
    return str(Id().validators[0].regex.pattern).replace(r"\Z", "$")    # type: ignore[attr-defined]


EVENT = ('event: change\nid: 7-5f0c2a9be1d4\n'
         'data: {"version":7,"seats":[{"seat_id":"F7","state":"held"}]}\n\n')
ROOMS = {"type": "object", "additionalProperties": {"type": "boolean"}}
READY = {
    "type": "object", "required": ["ready", "selling", "broker", "redis", "rooms", "optional_rooms", "silent_servers"],
    "properties": {
        "ready": {"type": "boolean", "description": "everything is there and answers"},
        "selling": {"type": "boolean", "description": "what sells tickets is there; other rooms may be missing"},
        "broker": {"type": "boolean"}, "redis": {"type": "boolean"},
        "rooms": {**ROOMS, "description": "every room, and whether one of its processes is there"},
        "optional_rooms": {"type": "array", "items": {"type": "string"}, "description":
                           "the rooms without which the house goes on selling tickets"},
        "silent_servers": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}},
                           "description": "by room, the servers that answer none of its processes"},
    },
    "example": {"ready": False, "selling": True, "broker": True, "redis": True, "silent_servers": {},
                "rooms": {"film": True, "kitchen": False, "order": True, "payment": True, "user": True},
                "optional_rooms": ["kitchen"]},
}
SERVICE = {
    "type": "object", "required": ["room", "version", "instances", "methods", "paths"],
    "properties": {"room": {"type": "string"}, "version": {"type": "string"}, "instances": {"type": "integer"},
                   "methods": {"type": "array", "items": {"type": "string"}},
                   "paths": {"type": "array", "items": {"type": "string"}}},
}
CIRCUITS = {"type": "object", "additionalProperties": {"type": "string", "enum": ["closed", "half_open", "open"]}}
SERVICES = {
    "type": "object", "required": ["services", "circuits"],
    "properties": {"services": {"type": "array", "items": SERVICE},
                   "circuits": {"type": "object", "additionalProperties": CIRCUITS}},
}
