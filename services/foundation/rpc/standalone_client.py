"""Calls of rooms from a process that is no room, such as an operator's command."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from nameko import config
from nameko.exceptions import RpcTimeout, UnknownService
from nameko.standalone import rpc

from schemas.base import Method
from schemas.errors import RoomSilent, RoomUnavailable
from services.foundation.amqp.publishing import BrokerDown
from services.foundation.rpc import identity


class StandaloneCaller:
    """Like client.RemoteCaller, with a connection for each call: commands make few. `connected` keeps one for many.

    `caller`: the user for whom it calls, such as {"user_id": "me", "username": "me", "roles": ["manager"]}; without one
    it calls as a room does on its own behalf. Whoever has the key that signs callers may name anybody.
    """

    def __init__(self, caller: Mapping[str, Any] | None = None, **context: Any) -> None:
        """`context` is added to the messages' headers (request_id, idempotency_key). Raises SettingsError."""
        self._identities = identity.load(config) if caller else None
        self._headers: dict[str, Any] = {**context, "caller": dict(caller) if caller else None}
        self._rooms, self._seconds = None, 0.0

    def call(self, method: Method, fields: dict[str, Any]) -> Any:
        """Call the method and return its reply in plain JSON types. Raises as RemoteCaller.call."""
        limit = self._seconds or method.deadline
        self._headers["deadline"] = time.time() + limit
        if self._identities:
            self._headers[identity.HEADER] = self._identities.sign(self._headers, method, limit)
        try:
            with nullcontext(self._rooms) if self._rooms else self._connection(limit) as rooms:
                return getattr(getattr(rooms, method.room), method.name)(**fields)
        except RpcTimeout:
            raise RoomSilent(room=method.room) from None
        except (UnknownService, *BrokerDown):
            raise RoomUnavailable(room=method.room) from None

    @contextmanager
    def connected(self, seconds: float = 30.0) -> Iterator["StandaloneCaller"]:
        """Keep one connection for the calls in the block, each of which may wait so many `seconds`."""
        with self._connection(seconds) as rooms:
            self._rooms, self._seconds = rooms, seconds
            try:
                yield self
            finally:
                self._rooms, self._seconds = None, 0.0

    def _connection(self, seconds: float) -> Any:
        return rpc.ClusterRpcClient(context_data=self._headers, timeout=seconds)
