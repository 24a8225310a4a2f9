"""The principals behind tokens, as the user room authorizes them, cached for a few seconds."""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any, TypedDict

from cachetools import TLRUCache

from gateway.caches.single_flight import SingleFlight
from schemas.base import Method
from schemas.errors import Forbidden, Unauthenticated
from schemas.roles import allows
from schemas.user import ENROLMENT, SecondFactorRequired, token_id

MAX_PRINCIPALS = 10_000
TRIES = 3


class Principal(TypedDict):
    """A verified user, as rooms get it in a call's context. `expires_at`: ISO 8601, the end of the token.

    `second_factor_required`: the user has none, and may do nothing before setting one up.
    """

    user_id: str
    username: str
    roles: list[str]
    token_id: str
    expires_at: str
    second_factor_required: bool


Entry = tuple[Principal, float]    # until when it may be used, by time.monotonic()
Authorize = Callable[[str], dict[str, Any]]


def permit(method: Method, principal: Principal) -> None:
    """Raise SecondFactorRequired, or Forbidden unless the principal's roles suffice for the method."""
    if principal["second_factor_required"] and method not in ENROLMENT:
        raise SecondFactorRequired()
    if not allows(method.access, principal["roles"]):
        raise Forbidden()


class PrincipalCache:
    """Keeps at most MAX_PRINCIPALS for `seconds` each, and none beyond the end of its token; never a token itself."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._entries: TLRUCache[str, Entry] = TLRUCache(
            MAX_PRINCIPALS, ttu=lambda name, entry, now: entry[1], timer=lambda: time.monotonic())
        self._lookups: SingleFlight[str, Principal] = SingleFlight()

    def find(self, token: str | None, authorize: Authorize) -> Principal:
        """The token's owner. `authorize` asks the user room. Raises Unauthenticated, and what `authorize` raises."""
        if token is None:
            raise Unauthenticated()
        name = token_id(token)
        if entry := self._entries.get(name):
            return entry[0]
        for _ in range(TRIES):
            principal, current = self._look_up(name, token, authorize)
            if current:
                return principal
            # The token was revoked meanwhile, and the answer may be from before: ask again.
        raise Unauthenticated()

    def forget(self, name: str) -> None:
        """Look up the token with this token_id anew from now on: it has been revoked."""
        self._entries.pop(name, None)
        self._lookups.detach(name)

    def _look_up(self, name: str, token: str, authorize: Authorize) -> tuple[Principal, bool]:
        expires = time.monotonic() + self._seconds
        return self._lookups.run(name, call=lambda: _principal(name, authorize(token)),
                                 keep=lambda principal: self._keep(name, principal, expires))

    def _keep(self, name: str, principal: Principal, expires: float) -> None:
        token_ends = dt.datetime.fromisoformat(principal["expires_at"]).timestamp() - time.time() + time.monotonic()
        self._entries[name] = (principal, min(expires, token_ends))


def _principal(name: str, authorized: dict[str, Any]) -> Principal:
    return {"user_id": authorized["user_id"], "username": authorized["username"], "roles": authorized["roles"],
            "token_id": name, "expires_at": authorized["expires_at"],
            # A user room of the version before does not say.
            "second_factor_required": authorized.get("second_factor_required", False)}
