"""What the gateway itself refuses, before any room hears of it."""

from schemas.errors import Busy, Conflict, Invalid, NotFound


class UnknownPath(NotFound):
    """There is nothing at this address."""


class MethodNotAllowed(Invalid):
    """This address does not answer this verb; `allowed` says which it does."""


class NotJson(Invalid):
    """The body must be JSON, sent as application/json."""


class TooLarge(Invalid):
    """The body is too large; `limit` says how many bytes it may have."""


class TooSlow(Invalid):
    """The request took too long to arrive."""


class OtherUser(Conflict):
    """Somebody else is signed in than `X-Session-User` says. Nothing was changed."""


class Overloaded(Busy):
    """Too much is going on at the moment. Please try again shortly."""


class InternalError(Busy):
    """Something went wrong on our side. We have been told."""
