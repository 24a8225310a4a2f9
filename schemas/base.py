"""The parts of a contract: strict schemas, methods, events and announcements."""

from dataclasses import dataclass, field
from typing import Any, Literal

import marshmallow

from schemas.errors import FieldsInvalid, Refusal
from schemas.fields import Id, Moment, Whole, is_secret

Access = Literal["public", "guest", "buyer", "staff", "cook", "usher", "cashier", "manager", "admin", "internal"]


class Schema(marshmallow.Schema):
    """A schema that refuses unknown fields."""

    class Meta:
        unknown = marshmallow.RAISE


class Nothing(Schema):
    """A request or reply without any fields."""


class PageRequest(Schema):
    """Which page of a list is wanted: `page` from 1, and how many entries a page has."""

    page = Whole(load_default=1, validate=marshmallow.validate.Range(min=1, max=10_000))
    page_size = Whole(load_default=20, validate=marshmallow.validate.Range(min=1, max=100))


class PageReply(Schema):
    """Which page this is, and the `total` of entries on all pages."""

    page = Whole(required=True)
    page_size = Whole(required=True)
    total = Whole(required=True)


@dataclass(frozen=True)
class Method:
    """One method of a room, as its callers see it.

    `access`: the callers it serves. `guest`: whoever has a token, also one without an account; `buyer`: whoever has
    signed in to an account. A role stands for those of schemas.roles that include it, at any cinema; if the method
    concerns one cinema, its room checks the role there.
    `also_internal`: rooms call it on their own behalf, too (`remote.call(..., caller=None)`).
    `refusals`: those it may raise besides the general ones of schemas.errors.
    `many`: the reply is a list of what `reply` describes.
    `reads`: it changes nothing, and answers GET as well as POST.
    `uses_reserve`: a write that is served while hardly any storage is left (see StorageFull), because it finishes what
    was begun, or takes something away.
    `keyed`: it takes an Idempotency-Key.
    `deadline`: seconds after which a caller stops waiting.
    `fresh_for`: seconds for which a gateway may repeat a reply (public reads only).
    `screening_field`: the field of the request or the reply with the screening whose seats the method concerns.
    `list_fields`: the list fields of the request; a query string repeats such a field for each element.
    `secret_fields`: those made by schemas.fields.Secret; a query string has none of them.
    """

    room: str
    name: str
    request: type[Schema]
    reply: type[Schema]
    access: Access
    summary: str
    refusals: tuple[type[Refusal], ...] = ()
    many: bool = False
    reads: bool = False
    uses_reserve: bool = False
    keyed: bool = False
    also_internal: bool = False
    deadline: float = 5.0
    fresh_for: float = 0.0
    screening_field: str | None = None
    list_fields: frozenset[str] = field(init=False, repr=False, compare=False)
    secret_fields: frozenset[str] = field(init=False, repr=False, compare=False)
    _loader: marshmallow.Schema = field(init=False, repr=False, compare=False)
    _dumper: marshmallow.Schema = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Building a schema costs more than using it.
        object.__setattr__(self, "_loader", self.request())
        object.__setattr__(self, "_dumper", self.reply(many=self.many))
        object.__setattr__(self, "list_fields", frozenset(
            name for name, each in self._loader.fields.items() if isinstance(each, marshmallow.fields.List)))
        object.__setattr__(self, "secret_fields", frozenset(
            name for name, each in self._loader.fields.items() if is_secret(each)))

    @property
    def path(self) -> str:
        """Where the gateway serves the method, such as /order/buy."""
        return f"/{self.room}/{self.name}"

    @property
    def needs_storage(self) -> bool:
        """Whether it is refused while hardly any storage is left. What a room asks of another is not: it has begun."""
        return not (self.reads or self.uses_reserve or self.access == "internal")

    def load(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Load a request in JSON types by its schema. Raises FieldsInvalid with the reasons by field."""
        try:
            return dict(self._loader.load(fields))
        except marshmallow.ValidationError as problem:
            raise FieldsInvalid(fields=problem.normalized_messages()) from None

    def dump(self, reply: Any) -> Any:
        """Dump a reply to plain JSON types; fields that the reply schema does not have are left out."""
        return self._dumper.dump(reply)


@dataclass(frozen=True)
class Announcement:
    """A hint that a room broadcasts, such as `order.seats_changed`; its body is a list of ids, which `about` describes.

    It says "read again", may be lost, and carries no facts of its own.
    """

    room: str
    name: str
    about: str


class Lenient(Schema):
    """A schema that ignores unknown fields: later versions may add some, and rooms are upgraded one by one."""

    class Meta:
        unknown = marshmallow.EXCLUDE


class Trace(Lenient):
    """The ids of the call that caused an event, by which the logs connect the two (traceparent: W3C Trace Context)."""

    request_id = marshmallow.fields.String()
    call_id_stack = marshmallow.fields.List(marshmallow.fields.String())
    traceparent = marshmallow.fields.String()
    tracestate = marshmallow.fields.String()


class Envelope(Lenient):
    """An event on the wire, around the body that its own schema describes."""

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
    """A loader for `body` that ignores unknown fields at every depth; marshmallow by itself does so at the top only."""
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
    """A fact that a room publishes to every room that consumes it: at least once, and possibly out of order.

    `type`: its name on the wire, such as `order.paid`. `version`: that of the body's schema; it rises by one when old
    consumers can't read the new body.
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
        """Load a message: the envelope with its body, both as Python types.

        Raises FieldsInvalid for another type or version, and for fields that are missing or out of range.
        """
        try:
            envelope = dict(ENVELOPE.load(message))
            if (envelope["type"], envelope["version"]) != (self.type, self.version):
                found = f"{envelope['type']}, version {envelope['version']}"
                raise FieldsInvalid(fields={"type": [f"This is {found}, not {self.type}, version {self.version}."]})
            envelope["body"] = dict(self._loader.load(envelope["body"]))
        except marshmallow.ValidationError as problem:
            raise FieldsInvalid(fields=problem.normalized_messages()) from None
        return envelope

    def dump(self, body: Any) -> dict[str, Any]:
        """Dump a body to plain JSON types; fields that its schema does not have are left out."""
        return dict(self._dumper.dump(body))
