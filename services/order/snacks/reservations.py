"""Snacks in the kitchen: reserved with an order, cooked once it is paid, given up when it is refunded in time."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from schemas import kitchen
from schemas.base import lenient
from services.foundation.database import utc_now
from services.foundation.rpc.client import RemoteCaller
from services.order.buying.new_order import NewOrder
from services.order.faults import log_fault
from services.order.order_items import RequestedSnack, Snack
from services.order.refunding import refund_policy


@dataclass(frozen=True)
class SnackReservations:
    """The order room's calls to the kitchen."""

    remote: RemoteCaller

    def reserve(self, order: NewOrder, requested: list[RequestedSnack]) -> list[Snack]:
        """Have the kitchen set snacks aside for an order; the snacks with their prices.

        Raises SnacksSoldOut, SnacksUnknown, RequestInProgress when a copy of this very request has them, and
        RoomUnavailable or RoomSilent: then they may be reserved or not.
        """
        reply = self.remote.call(kitchen.RESERVE, {
            "order_id": order.order_id, "cinema_id": order.screening.cinema_id, "currency": order.screening.currency,
            "snacks": requested, "purchase": order.board_owner, "until": order.expires_at.isoformat()})
        return list(reply["snacks"])

    def release(self, order_id: str) -> None:
        """Give back the snacks of an order that was not written. If this fails, the kitchen's timer does it later."""
        try:
            self.remote.call(kitchen.RELEASE, {"order_id": order_id})
        except Exception as problem:  # the kitchen's, and not the buyer's
            log_fault(problem, "snacks stay reserved for a while", order_id)

    def give_up(self, order: Row[Any], refunded_at: dt.datetime) -> bool:
        """Whether the kitchen gives up the snacks of a refunded order, because it has not begun to prepare them.

        Raises UnknownKitchenOrder as long as order.paid may be on its way to the kitchen, ValidationError for an
        unreadable answer, and whatever else a call may raise.
        """
        request: dict[str, Any] = {"order_id": order.order_id}
        if refund_policy.kitchen_lost_it(refunded_at, utc_now()):
            request["lost"] = {"cinema_id": order.cinema_id, "version": order.kitchen_sequence}
        return is_in_time(self.remote.call(kitchen.GIVE_UP, request))


def is_in_time(reply: Any) -> bool:
    """Whether the kitchen's reply says that it had not begun. Raises ValidationError for an unreadable reply."""
    return bool(lenient(kitchen.GiveUpReply).load(reply)["in_time"])
