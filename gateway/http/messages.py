"""A request as the gateway understands it, and a reply as it will be written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from schemas.base import Method

Environ = dict[str, Any]    # of WSGI
Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Request:
    """The head of a request, and what its route adds: `parameter`, `method`, `fields` and the body."""

    verb: str
    path: str
    request_id: str
    origin: str | None = None
    token: str | None = None
    idempotency_key: str | None = None
    if_none_match: str | None = None
    codings: frozenset[str] = frozenset()   # the content codings that the client takes
    accepts_html: bool = False         # a browser that goes to a page
    wants_cookie: bool = False         # a page of Marquee, which keeps its token in a cookie
    expected_user: str | None = None   # the username that this page shows as signed in
    last_event_id: str | None = None
    address: str = ""                  # of the client, as gateway/client_address.py has it
    route: str = "unknown"             # the template of its route
    parameter: str = ""                # the variable part of the path, such as a screening_id
    method: Method | None = None       # None: the address is unknown
    fields: dict[str, Any] = field(default_factory=dict)
    user_id: str | None = None         # known once the token has been looked up
    cached: bool = False
    environ: Environ = field(default_factory=dict)
    read_body: Callable[[], bytes] = bytes    # raises TooLarge, TooSlow or Malformed


class Events(Protocol):
    """A body that is sent piece by piece and has no length of its own."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """The connection has ended."""


@dataclass(slots=True)
class Reply:
    """`events` is sent instead of `body` where there are any."""

    status: int
    body: bytes
    headers: Headers
    events: Events | None = None
