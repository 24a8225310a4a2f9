"""The kinds of route. Each says what an address needs: which verbs, a worker or none, a body or none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.http.messages import Reply, Request
from schemas.base import Method
from schemas.gateway import MethodNotAllowed, UnknownPath

Verbs = tuple[str, ...]
READ_VERBS: Verbs = ("GET", "HEAD")
PageReply = Callable[[Request], Reply]
Call = tuple[Method, dict[str, Any]]    # a method and its fields


@dataclass(frozen=True, kw_only=True)
class Route:
    """What all kinds have.

    `options`: answers OPTIONS, too, with the verbs it allows.
    `browsers_only`: exists for browsers that go to a page; programs are told that the path is unknown.
    `method`: the method that the address stands for, if it stands for one whatever the verb.
    `template`: the address without what differs from request to request, such as `/film/{film_id}`.
    """

    template: str
    verbs: Verbs
    options: bool = False
    browsers_only: bool = False
    method: Method | None = None

    def check(self, request: Request) -> None:
        """Raise UnknownPath or MethodNotAllowed unless the route answers this request."""
        if self.browsers_only and not (request.verb in self.verbs and request.accepts_html):
            raise UnknownPath()
        if request.verb not in self.verbs:
            raise MethodNotAllowed(allowed=list(self.verbs))


@dataclass(frozen=True, kw_only=True)
class PageRoute(Route):
    """A reply that needs no room: it is made at once, without a worker, and no body is read.

    `for_staff`: the reply to staff, if it is another; a worker looks up whose token such a request has, if it has one.
    """

    reply: PageReply
    for_staff: PageReply | None = None
    verbs: Verbs = READ_VERBS


@dataclass(frozen=True, kw_only=True)
class StreamRoute(Route):
    """The seat map of the screening in the path, as server-sent events. An open stream holds no worker."""

    verbs: Verbs = ("GET",)


@dataclass(frozen=True, kw_only=True)
class CallRoute(Route):
    """A room's method, called in a worker.

    `read` makes the call of the request, whose body has at most `body_limit` bytes.
    `fresh_for`: seconds during which the reply is repeated from memory to any client; 0: it is called each time.
    `convert` makes the HTTP reply of the room's, where the client is no client of the API.
    """

    read: Callable[[Request], Call]
    body_limit: int
    fresh_for: float = 0.0
    convert: Callable[[Request, Reply], Reply] | None = None


@dataclass(frozen=True, kw_only=True)
class LocalRoute(Route):
    """A method that the gateway carries out by itself, without a room and without a worker.

    `reply` may read the body of the request, which has at most `body_limit` bytes.
    """

    reply: PageReply
    body_limit: int
