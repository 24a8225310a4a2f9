"""A request as the gateway understands it, and a reply as it will be written."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from schemas.base import Method

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Request:
    verb: str
    path: str
    request_id: str
    origin: str | None = None
    token: str | None = None
    idempotency_key: str | None = None
    etag: str | None = None          # If-None-Match
    gzip: bool = False
    browses: bool = False            # a person's browser going somewhere
    wants_cookie: bool = False       # a page of ours, that keeps its token in a cookie
    believed_user: str | None = None  # whom that page takes its reader for, by username
    last_event_id: str | None = None
    method: Method | None = None     # None: the address is unknown
    fields: dict[str, Any] = field(default_factory=dict)
    user_id: str | None = None       # known once the token was looked up
    cached: bool = False


class Events(Protocol):
    """A body that comes bit by bit and has no end of its own."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """Nobody reads it any more."""


@dataclass(slots=True)
class Reply:
    status: int
    body: bytes
    headers: Headers
    events: Events | None = None     # instead of a body
