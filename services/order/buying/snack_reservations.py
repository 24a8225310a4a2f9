"""Snacks that the kitchen sets aside for a new order."""

from dataclasses import dataclass

from schemas import kitchen
from services.foundation.rpc.client import RemoteCaller
from services.order.buying.new_order import NewOrder
from services.order.faults import log_fault
from services.order.order_items import RequestedSnack, Snack


@dataclass(frozen=True)
class SnackReservations:
    """The calls to the kitchen that a purchase makes."""

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
