"""What a contract is made of: strict schemas, methods, events and announcements."""

from dataclasses import dataclass, field
from typing import Any, Literal

import marshmallow

from schemas.errors import FieldsInvalid, Refusal
from schemas.fields import Id, Moment, Whole

Access = Literal["public", "buyer", "staff", "admin", "internal"]


class Schema(marshmallow.Schema):
    """A schema that refuses fields it does not know."""

    class Meta:
        unknown = marshmallow.RAISE


class Nothing(Schema):
    """No fields at all."""


class PageRequest(Schema):
    page = Whole(load_default=1, validate=marshmallow.validate.Range(min=1, max=10_000))
    page_size = Whole(load_default=20, validate=marshmallow.validate.Range(min=1, max=100))


class PageReply(Schema):
    page = Whole(required=True)
    page_size = Whole(required=True)
    total = Whole(required=True)


@dataclass(frozen=True)
class Method:
    """One method of a room, as its callers see it.

    `reads`: changes nothing; answers GET as well as POST.
    `keyed`: takes an Idempotency-Key.
    `deadline`: seconds after which a caller stops waiting.
    `fresh_for`: seconds during which a gateway may repeat an answer it has (public reads only).
    `screening_field`: where, in the request or the reply, stands the screening whose seats this is about.
    `list_fields`: those of the request that hold a list; a query string gives one of them once for each element.
    """

    room: str
    name: str
    request: type[Schema]
    reply: type[Schema]
    access: Access
    summary: str
    refusals: tuple[type[Refusal], ...] = ()
    reads: bool = False
    keyed: bool = False
    deadline: float = 5.0
    fresh_for: float = 0.0
    screening_field: str | None = None
    list_fields: frozenset[str] = field(init=False, repr=False, compare=False)
    _loader: marshmallow.Schema = field(init=False, repr=False, compare=False)
    _dumper: marshmallow.Schema = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Building a schema costs more than using it.
        object.__setattr__(self, "_loader", self.request())
        object.__setattr__(self, "_dumper", self.reply())
        object.__setattr__(self, "list_fields", frozenset(
            name for name, each in self._loader.fields.items() if isinstance(each, marshmallow.fields.List)))

    @property
    def path(self) -> str:
        return f"/{self.room}/{self.name}"

    def load(self, fields: dict[str, Any]) -> dict[str, Any]:
        """What the caller sent, as types; raises FieldsInvalid with the reasons by field."""
        try:
            return dict(self._loader.load(fields))
        except marshmallow.ValidationError as problem:
            raise FieldsInvalid(fields=problem.normalized_messages()) from None

    def dump(self, reply: Any) -> dict[str, Any]:
        """What goes back: plain JSON types, and only the fields the reply schema names."""
        return dict(self._dumper.dump(reply))


@dataclass(frozen=True)
class Announcement:
    """Something a room announces, such as `order.seats_changed`; its body is a list of ids.

    Announcements are hints ("look again"), may be lost, and carry no facts of their own.
    """

    room: str
    name: str
    about: str


class Lenient(Schema):
    """What later versions add is left out, so that rooms can be renewed one by one."""

    class Meta:
        unknown = marshmallow.EXCLUDE


class Trace(Lenient):
    """The ids of the call at hand, so that what follows from it can be found in the logs."""

    request_id = marshmallow.fields.String()
    call_id_stack = marshmallow.fields.List(marshmallow.fields.String())
    traceparent = marshmallow.fields.String()
    tracestate = marshmallow.fields.String()


class Envelope(Lenient):
    """An event on the wire."""

    event_id = Id(required=True)
    type = marshmallow.fields.String(required=True)
    version = Whole(required=True, metadata={"description": "of the body's schema"})
    occurred_at = Moment(required=True)
    about = Id(required=True, metadata={"description": "the order, payment, ... that it happened to"})
    sequence = Whole(required=True, metadata={"description": "its number among the changes of that thing, from 1"})
    trace = marshmallow.fields.Nested(Trace, load_default=dict)
    body = marshmallow.fields.Dict(required=True)


ENVELOPE = Envelope()
Body = type[Schema]  # Event.type is no class


def lenient(body: Body) -> marshmallow.Schema:
    """A loader that leaves out what later versions add, however deep: marshmallow would do so at the top alone."""
    loader = body()
    _leave_out_unknown(loader)
    return loader


def _leave_out_unknown(schema: marshmallow.Schema) -> None:
    schema.unknown = marshmallow.EXCLUDE
    for each in schema.fields.values():
        inner = each.inner if isinstance(each, marshmallow.fields.List) else each
        if isinstance(inner, marshmallow.fields.Nested):
            _leave_out_unknown(inner.schema)


@dataclass(frozen=True)
class Event:
    """Something that has become true, told to every room that asks for it: at least once, and maybe out of order.

    `type`: as on the wire, such as `order.paid`. `version`: of its body; one more when old consumers can't read it.
    """

    room: str
    type: str
    version: int
    body: Body
    summary: str
    _loader: marshmallow.Schema = field(init=False, repr=False, compare=False)
    _dumper: marshmallow.Schema = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_loader", lenient(self.body))
        object.__setattr__(self, "_dumper", self.body())

    def load(self, message: Any) -> dict[str, Any]:
        """The envelope of such an event and its body, as types; raises FieldsInvalid when it is none."""
        try:
            envelope = dict(ENVELOPE.load(message))
            if (envelope["type"], envelope["version"]) != (self.type, self.version):
                said = f"{envelope['type']}, version {envelope['version']}"
                raise FieldsInvalid(fields={"type": [f"This is {said}, not {self.type}, version {self.version}."]})
            envelope["body"] = dict(self._loader.load(envelope["body"]))
        except marshmallow.ValidationError as problem:
            raise FieldsInvalid(fields=problem.normalized_messages()) from None
        return envelope

    def dump(self, body: Any) -> dict[str, Any]:
        """The body in plain JSON types, and only the fields its schema names."""
        return dict(self._dumper.dump(body))
