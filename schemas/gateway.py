"""The refusals of the gateway itself, before it calls a room."""

from schemas.errors import Busy, Conflict, Invalid, Malformed, NotFound, TooOften


class UnknownPath(NotFound):
    """There is nothing at this address."""


class MethodNotAllowed(Invalid):
    """This address does not support this HTTP method; `allowed` lists those that it supports."""


class NotJson(Invalid):
    """The body must be JSON, sent as application/json."""


class SecretInAddress(Malformed):
    """A secret, such as a token, must not be part of an address, which others log: send it in a header or the body."""


class TooLarge(Invalid):
    """The body is too large; it may have `limit` bytes."""


class TooSlow(Invalid):
    """The request took too long to arrive."""


class OtherUser(Conflict):
    """A user other than `X-Session-User` is signed in. Nothing was changed."""


class TooManyRequests(TooOften):
    """Too many requests from this account or address. `retry_after` says how many seconds to wait."""


class ChallengeRequired(Conflict):
    """Solve this `challenge`, and repeat the request with the answer in the header X-Challenge."""


class Overloaded(Busy):
    """Too much is going on at the moment. Please try again shortly."""


class TooManyConnections(TooOften):
    """Your address has as many connections open as one address may have."""


class TooManyStreams(TooOften):
    """Your address has as many live seat maps open as one address may have."""


class InternalError(Busy):
    """Something went wrong in the gateway or a room. The error was logged."""
