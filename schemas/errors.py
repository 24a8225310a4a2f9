"""Refusals: the errors of a room that its callers are meant to handle.

Refusal
├── Invalid            the request makes no sense          (Malformed, FieldsInvalid, ...)
├── Unauthenticated    the caller is not known
├── Forbidden          the caller is known and may not do this
├── NotFound           there is no such thing for this caller
├── Conflict           the request makes sense, but not in the present state of things
└── Busy               it may work later                   (TooOften, StorageFull, RoomUnavailable, RoomSilent, ...)

A refusal crosses the wire as its class path and one dict of plain JSON, so it is raised as itself in the calling room.
Any other exception is a bug.
"""

import re
from typing import Any, ClassVar


class Refusal(Exception):
    """The request was refused."""

    code: ClassVar[str] = "refusal"

    def __init__(self, about: dict[str, Any] | None = None, /, **facts: Any) -> None:
        self.about: dict[str, Any] = {**(about or {}), **facts}
        super().__init__(self.about)

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __str__(self) -> str:
        return f"{self.code} {self.about}" if self.about else self.code

    @classmethod
    def kind(cls) -> str:
        """The name of the kind this belongs to, such as `Conflict`; it decides the HTTP status."""
        return next((k.__name__ for k in KINDS if issubclass(cls, k)), cls.__name__)

    @classmethod
    def meaning(cls) -> str:
        """The first line of the class's docstring, which the caller is told."""
        return (cls.__doc__ or "").strip().split("\n")[0]


class Invalid(Refusal):
    """The request makes no sense."""


class Unauthenticated(Refusal):
    """Please sign in first: the token is missing, wrong or no longer valid."""


class Forbidden(Refusal):
    """You are not allowed to do this."""


class NotFound(Refusal):
    """There is no such thing."""


class Conflict(Refusal):
    """This is not possible in the present state of things."""


class Busy(Refusal):
    """Not now. Please try again in a moment."""


KINDS = (Invalid, Unauthenticated, Forbidden, NotFound, Conflict, Busy)


class Malformed(Invalid):
    """The request could not be read."""


class FieldsInvalid(Invalid):
    """Some fields are missing, unknown or out of range; `fields` says which."""


class KeyReused(Invalid):
    """This Idempotency-Key was used before with a different request."""


class RequestInProgress(Conflict):
    """A request with this Idempotency-Key is still under way. Ask again shortly."""


class TooOften(Busy):
    """Too many attempts. `retry_after` says how many seconds to wait."""


class StorageFull(Busy):
    """There is hardly any storage left, so nothing new is taken. What was begun can be finished."""


class RoomUnavailable(Busy):
    """A part of the system is down. Nothing was changed; please try again."""


class CircuitOpen(RoomUnavailable):
    """A part of the system does not answer at the moment, and is tried again in `retry_after` seconds."""


class RoomSilent(Busy):
    """A part of the system did not answer in time. Repeat with the same Idempotency-Key to be sure."""


class OutcomeUnknown(Busy):
    """It is not known whether this was done. Repeat with the same Idempotency-Key to be sure."""
