"""Calls of rooms from a process that is no room, such as an operator's command."""

import time
from typing import Any

from nameko.exceptions import RpcTimeout, UnknownService
from nameko.standalone import rpc

from schemas.base import Method
from schemas.errors import RoomSilent, RoomUnavailable
from services.foundation.amqp.publishing import BrokerDown


class OutsideCaller:
    """Like client.RemoteCaller, with a connection for each call: commands make few."""

    def call(self, method: Method, fields: dict[str, Any]) -> Any:
        """Call the method and return its reply in plain JSON types. Raises as RemoteCaller.call."""
        context = {"deadline": time.time() + method.deadline}
        try:
            with rpc.ClusterRpcClient(context_data=context, timeout=method.deadline) as rooms:
                return getattr(getattr(rooms, method.room), method.name)(**fields)
        except RpcTimeout:
            raise RoomSilent(room=method.room) from None
        except (UnknownService, *BrokerDown):
            raise RoomUnavailable(room=method.room) from None
