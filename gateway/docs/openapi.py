"""The OpenAPI 3.1 document of all public methods, generated from their schemas."""

from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from gateway.docs import answers, examples, other_addresses
from gateway.docs.problems import problem_schema, problems
from gateway.rate_limits import method_classes
from gateway.rate_limits.challenges import LONGEST_ANSWER
from gateway.rate_limits.method_classes import class_of
from gateway.routes.method_fields import IDEMPOTENCY_KEY
from gateway.routes.methods import PUBLIC
from schemas import errors, gateway, user
from schemas.base import Method, Nothing
from schemas.errors import Refusal
from schemas.fields import Day, Moment, Whole
from schemas.roles import HOLDERS
from services.foundation.amqp.presence import marquee_version

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
SECURITY: list[dict[str, list[str]]] = [{"token": []}, {"session": [], "session_header": []}]


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


def _content(method: Method) -> dict[str, Any]:
    schema = {"type": "array", "items": method.reply} if method.many else method.reply
    answer = answers.recorded().get(f"{method.room}.{method.name}")
    return {"schema": schema} if answer is None else {"schema": schema, "example": answer}


def _operation(method: Method, verb: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{method.room}_{method.name}" + ("_by_query" if verb == "get" else ""),
        "tags": [method.room],
        "summary": method.summary,
        "responses": {"200": {"description": "Done.", "content": {"application/json": _content(method)}},
                      **problems(refusals_of(method, verb))},
    }
    if method is user.AUTHORIZE and verb == "get":
        operation["security"] = SECURITY
    if method.access != "public":
        operation["security"] = SECURITY
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


def document(most: Mapping[str, int] | None = None, public_url: str = "",
             session_cookie: str = "__Host-marquee") -> dict[str, Any]:
    """The OpenAPI document, as plain JSON types.

    `most`: how many seats and snacks an order may have, by the settings: `seats`, `snacks` and `quantity` of each.
    `public_url`: where buyers find the gateway, if that is another address than the document's own.
    `session_cookie`: the name of the cookie that keeps a page's token.
    """
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(title="Marquee", version=marquee_version(), openapi_version="3.1.0", plugins=[plugin],
                   info={"description": "Cinema tickets: films, screenings, seats, orders. Times are ISO 8601 with an "
                                        "offset; money is in minor units of its currency."})
    converter: Any = plugin.converter
    converter.field_mapping[Moment] = ("string", "date-time")
    converter.field_mapping[Whole] = ("integer", None)
    converter.field_mapping[Day] = ("string", "date")
    converter.add_attribute_function(_pattern)
    spec.components.schema("Problem", problem_schema())
    for name, scheme in _security_schemes(session_cookie).items():
        spec.components.security_scheme(name, scheme)
    _add_headers(spec)
    for method in sorted(PUBLIC.values(), key=lambda m: (m.room, not m.reads, m.name)):
        verbs = ("get", "post") if method.reads else ("post",)
        spec.path(path=method.path, operations={verb: _operation(method, verb) for verb in verbs})
    found = {**spec.to_dict(), "servers": _servers(public_url)}
    found["paths"] = {**found["paths"], **other_addresses.paths()}
    _narrow(found["components"]["schemas"], most or {})
    return found


def _add_headers(spec: APISpec) -> None:
    """What any request may carry besides its fields."""
    key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": _of_browsers(IDEMPOTENCY_KEY.pattern)}
    spec.components.parameter("IdempotencyKey", "header", {
        "name": "Idempotency-Key", "required": False, "schema": key,
        "description": "Repeat a request under the same key as often as needed: one effect, one answer."})
    spec.components.parameter("Challenge", "header", {
        "name": "X-Challenge", "required": False, "schema": {"type": "string", "maxLength": LONGEST_ANSWER},
        "description": "The answer to the challenge of a refusal `challenge_required` (ALTCHA): Base64 of "
                       "{challenge, solution} in JSON."})


def _servers(public_url: str) -> list[dict[str, str]]:
    own = {"url": "/", "description": "the gateway that this document comes from"}
    return [own, {"url": public_url, "description": "where buyers find it"}] if public_url else [own]


def _security_schemes(session_cookie: str) -> dict[str, dict[str, str]]:
    return {
        "token": {"type": "http", "scheme": "bearer", "description": "The token that user.login returns."},
        "session": {"type": "apiKey", "in": "cookie", "name": session_cookie, "description":
                    "For pages: user.login with `X-Session: cookie` sets it, and no script can read it."},
        "session_header": {"type": "apiKey", "in": "header", "name": "X-Session", "description":
                           "Says `cookie` with each call of a page; another site's page can't send it."},
    }


def _narrow(schemas: dict[str, Any], most: Mapping[str, int]) -> None:
    """What the settings allow of an order, where the contract only says what may be sent."""
    buying = schemas["MethodsBuyRequest"]["properties"]
    for name in ("seats", "snacks"):
        buying[name]["maxItems"] = most.get(name, buying[name]["maxItems"])
    quantity = schemas["KitchenWantedSnack"]["properties"]["quantity"]
    quantity["maximum"] = most.get("quantity", quantity["maximum"])


def _pattern(_converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The pattern of a field's text, if it has one."""
    pattern = field.pattern if isinstance(field, Moment | Day) else ret.get("pattern")
    return {"pattern": _of_browsers(pattern)} if pattern else {}


def _of_browsers(pattern: str) -> str:
    """A pattern in ECMAScript, which reads Python's `\\Z` as a letter. Lone surrogates are left out: no JSON has
    them, and some readers drop a pattern that names them.
    """
    return pattern.replace(r"\Z", "$").replace(r"\ud800-\udfff", "")
