"""The OpenAPI 3.1 document of all public methods, generated from their schemas."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from gateway.admission import method_classes
from gateway.admission.challenges import LONGEST_ANSWER
from gateway.admission.method_classes import class_of
from gateway.docs import examples
from gateway.replies import status_of
from gateway.routes.method_fields import IDEMPOTENCY_KEY
from gateway.routes.methods import PUBLIC
from schemas import catalogue, errors, gateway, user
from schemas.base import Method, Nothing
from schemas.errors import Refusal
from schemas.fields import Day, Moment, Whole
from schemas.order.refusals import SeatsTaken
from schemas.roles import HOLDERS
from services.foundation.amqp.presence import marquee_version

PROBLEM = "application/problem+json"
ANY_CALL = (errors.Malformed, errors.FieldsInvalid, gateway.Overloaded, gateway.InternalError,
            gateway.TooManyRequests, errors.RoomUnavailable, errors.CircuitOpen, errors.RoomSilent,
            errors.OutcomeUnknown)
WITH_BODY = (gateway.NotJson, gateway.TooLarge, gateway.TooSlow)
SECRET = (gateway.SecretInAddress,)
SIGNED_IN = (errors.Unauthenticated, gateway.OtherUser)
WITH_ROLE = (errors.Forbidden,)
HOLDS = (gateway.ChallengeRequired,)
NEEDS_STORAGE = (errors.StorageFull,)
KEYED = (errors.KeyReused, errors.RequestInProgress)


def refusals_of(method: Method, verb: str = "post") -> list[type[Refusal]]:
    """Every refusal that a call of the method can end with, its own first."""
    found = [*method.refusals, *ANY_CALL]
    found += WITH_BODY if verb == "post" else ()
    found += SECRET if method.secret_fields else ()
    found += SIGNED_IN if method.access != "public" else ()
    found += WITH_ROLE if method.access in ("buyer", *HOLDERS) else ()    # no guests, no members without the role
    found += HOLDS if class_of(method) == method_classes.HOLDS else ()
    found += NEEDS_STORAGE if method.needs_storage else ()
    found += KEYED if method.keyed else ()
    return list(dict.fromkeys(found))


def _name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    room = kind.__module__.rpartition(".")[2]
    return str(kind.__name__) if room == "base" else f"{room.capitalize()}{kind.__name__}"


def _problems(method: Method, verb: str) -> dict[str, Any]:
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in refusals_of(method, verb):
        by_status.setdefault(status_of(refusal), []).append(refusal)
    return {str(status): {
        "description": " ".join(f"`{refusal.code}`: {refusal.meaning()}" for refusal in refusals),
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    } for status, refusals in sorted(by_status.items())}


def _reply(method: Method) -> Any:
    return {"type": "array", "items": method.reply} if method.many else method.reply


def _operation(method: Method, verb: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{method.room}_{method.name}" + ("_by_query" if verb == "get" else ""),
        "tags": [method.room],
        "summary": method.summary,
        "responses": {"200": {"description": "Done.", "content": {"application/json": {"schema": _reply(method)}}},
                      **_problems(method, verb)},
    }
    if method is user.AUTHORIZE and verb == "get":
        operation["security"] = [{"token": []}]
    if method.access != "public":
        operation["security"] = [{"token": []}]
        operation["description"] = {"guest": "For guests and everyone signed in.",
                                    "buyer": "For everyone signed in.", "staff": "For staff."}.get(
            method.access, f"For {method.access}s.")
    parameters: list[Any] = ["IdempotencyKey"] if method.keyed else []
    parameters += ["Challenge"] if class_of(method) == method_classes.HOLDS else []
    if verb == "get" and method.request is not Nothing:
        parameters.append({"in": "query", "schema": method.request(exclude=method.secret_fields)})
    if parameters:
        operation["parameters"] = parameters
    if verb == "post" and method.request is not Nothing:
        content = {"schema": method.request, "example": examples.fields_of(method)}
        # Without a body, a request has no fields; nothing else is refused then.
        needs_body = any(field.required for field in method.request().fields.values())
        operation["requestBody"] = {"content": {"application/json": content}, "required": needs_body}
    return operation


def document() -> dict[str, Any]:
    """The OpenAPI document, as plain JSON types."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(title="Marquee", version=marquee_version(), openapi_version="3.1.0", plugins=[plugin],
                   info={"description": "Cinema tickets: films, screenings, seats, orders. Times are ISO 8601 with an "
                                        "offset; money is in minor units of its currency."})
    converter: Any = plugin.converter
    converter.field_mapping[Moment] = ("string", "date-time")
    converter.field_mapping[Whole] = ("integer", None)
    converter.field_mapping[Day] = ("string", "date")
    converter.add_attribute_function(_pattern)
    spec.components.schema("Problem", _problem_schema())
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer",
                                              "description": "The token that user.login returns."})
    key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": _of_browsers(IDEMPOTENCY_KEY.pattern)}
    spec.components.parameter("IdempotencyKey", "header", {
        "name": "Idempotency-Key", "required": False, "schema": key,
        "description": "Repeat a request under the same key as often as needed: one effect, one answer."})
    spec.components.parameter("Challenge", "header", {
        "name": "X-Challenge", "required": False, "schema": {"type": "string", "maxLength": LONGEST_ANSWER},
        "description": "The answer to the challenge of a refusal `challenge_required` (ALTCHA): Base64 of "
                       "{challenge, solution} in JSON."})
    for method in sorted(PUBLIC.values(), key=lambda m: (m.room, not m.reads, m.name)):
        verbs = ("get", "post") if method.reads else ("post",)
        spec.path(path=method.path, operations={verb: _operation(method, verb) for verb in verbs})
    return dict(spec.to_dict())


def _pattern(_converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The pattern of a field's text, if it has one."""
    pattern = field.pattern if isinstance(field, Moment | Day) else ret.get("pattern")
    return {"pattern": _of_browsers(pattern)} if pattern else {}


def _of_browsers(pattern: str) -> str:
    """A pattern in ECMAScript, which reads Python's `\\Z` as a letter."""
    return pattern.replace(r"\Z", "$")


def _problem_schema() -> dict[str, Any]:
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
