"""Snacks of a refunded order, which the kitchen gives up if it has not begun to prepare them."""

import datetime as dt
from typing import Any

from sqlalchemy import Row

from schemas import kitchen
from schemas.base import lenient
from services.foundation.database import utc_now
from services.foundation.rpc.client import RemoteCaller
from services.order.screenings import refund_policy


def give_up(remote: RemoteCaller, order: Row[Any], refunded_at: dt.datetime) -> bool:
    """Whether the kitchen gives up the snacks of a refunded order, because it has not begun to prepare them.

    Raises UnknownKitchenOrder as long as order.paid may be on its way to the kitchen, ValidationError for an
    unreadable answer, and whatever else a call may raise.
    """
    request: dict[str, Any] = {"order_id": order.order_id}
    if refund_policy.kitchen_lost_it(refunded_at, utc_now()):
        request["lost"] = {"cinema_id": order.cinema_id, "version": order.kitchen_sequence}
    return bool(lenient(kitchen.GiveUpReply).load(remote.call(kitchen.GIVE_UP, request))["in_time"])
