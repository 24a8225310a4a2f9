"""Who is calling: a token's owner, as the user room says, remembered for a few seconds."""

import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from gateway.caching.single_flight import Flights
from schemas.base import Method
from schemas.errors import Forbidden, Unauthenticated
from schemas.user import token_id

REMEMBERED_AT_MOST = 10_000
TRIES = 3
Caller = dict[str, Any]  # user_id, username, roles, token_id, expires_at
Authorize = Callable[[str], dict[str, Any]]


def permit(method: Method, caller: Caller) -> None:
    """Raise Forbidden unless the caller's roles suffice."""
    roles = set(caller["roles"])
    if method.access == "staff" and not roles & {"staff", "admin"}:
        raise Forbidden()
    if method.access == "admin" and "admin" not in roles:
        raise Forbidden()


class Callers:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._known: OrderedDict[str, tuple[float, Caller]] = OrderedDict()
        self._flights: Flights[str, Caller] = Flights()

    def of(self, token: str | None, authorize: Authorize) -> Caller:
        """The token's owner; raises Unauthenticated. `authorize` asks the user room."""
        if token is None:
            raise Unauthenticated()
        name = token_id(token)
        if (known := self._known.get(name)) and known[0] > time.monotonic():
            return known[1]
        for _ in range(TRIES):
            caller, fresh = self._ask(name, token, authorize)
            if fresh:
                return caller
            # It was revoked while we asked, and what we heard may be from before: ask again.
        raise Unauthenticated()

    def forget(self, name: str) -> None:
        """Something about this token has changed; by its token_id."""
        self._known.pop(name, None)
        self._flights.detach(name)

    def _ask(self, name: str, token: str, authorize: Authorize) -> tuple[Caller, bool]:
        asked = time.monotonic()
        return self._flights.join(name, ask=lambda: _caller(name, authorize(token)),
                                  keep=lambda caller: self._keep(name, caller, asked + self._seconds))

    def _keep(self, name: str, caller: Caller, good_until: float) -> None:
        expires = dt.datetime.fromisoformat(caller["expires_at"]).timestamp() - time.time() + time.monotonic()
        self._known[name] = (min(good_until, expires), caller)
        self._known.move_to_end(name)
        if len(self._known) > REMEMBERED_AT_MOST:
            self._known.popitem(last=False)


def _caller(name: str, found: dict[str, Any]) -> Caller:
    return {"user_id": found["user_id"], "username": found["username"], "roles": found["roles"], "token_id": name,
            "expires_at": found["expires_at"]}
