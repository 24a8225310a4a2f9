"""What spans say: ids and names of methods, never what people sent us. An exception is recorded by its class alone."""

import re
from collections.abc import Mapping
from typing import Any, TypeGuard

from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

from schemas.errors import Busy, Refusal, TooOften

OUR_ID = re.compile(r"[0-9a-f]{32}\Z")
Values = dict[str, str | int | float | bool]
Attributes = Mapping[str, str | int | float | bool]


def record_error(problem: BaseException, on: Span | None = None) -> None:
    """Note how the current span, or `on`, ended: a refusal by its code, anything else by its class.

    A refusal of the caller's making is no error of ours; a room that is down or silent is.
    """
    here = on or trace.get_current_span()
    if not here.is_recording():
        return
    if isinstance(problem, Refusal):
        here.set_attribute("marquee.refusal", problem.code)
        if not isinstance(problem, Busy) or isinstance(problem, TooOften):
            return
    else:
        here.set_attribute("error.type", type(problem).__name__)
        here.add_event("exception", {"exception.type": type(problem).__name__})
    here.set_status(StatusCode.ERROR)


def call_attributes(room: str, method: str, fields: Mapping[str, Any], request_id: Any) -> Values:
    """The attributes that both ends of a call have; of its fields only an order's id is told."""
    attributes: Values = {"rpc.system": "nameko", "rpc.service": room, "rpc.method": method}
    if isinstance(request_id, str):
        attributes["marquee.request_id"] = request_id
    if is_id(order_id := fields.get("order_id")):
        attributes["marquee.order_id"] = order_id
    return attributes


def name_order(reply: Any) -> None:
    """Add the id of the order that a reply names to the current span."""
    if isinstance(reply, dict) and (here := trace.get_current_span()).is_recording() and is_id(reply.get("order_id")):
        here.set_attribute("marquee.order_id", reply["order_id"])


def is_id(value: Any) -> TypeGuard[str]:
    """Whether this is an id of ours; a request may have anything in its place."""
    return isinstance(value, str) and OUR_ID.match(value) is not None
