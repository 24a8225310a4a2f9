"""What a contract is made of: strict schemas, methods and events."""

from dataclasses import dataclass, field
from typing import Any, Literal

import marshmallow

from schemas.errors import FieldsInvalid, Refusal
from schemas.fields import Whole

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
    _loader: marshmallow.Schema = field(init=False, repr=False, compare=False)
    _dumper: marshmallow.Schema = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Building a schema costs more than using it.
        object.__setattr__(self, "_loader", self.request())
        object.__setattr__(self, "_dumper", self.reply())

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
class Event:
    """Something a room announces, such as `order.seats_changed`; its body is a list of ids.

    Announcements are hints ("look again"), may be lost, and carry no facts of their own.
    """

    room: str
    name: str
    about: str
