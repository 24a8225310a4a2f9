"""The order room's methods for the queue of a screening."""

from collections.abc import Callable
from typing import Any

from schemas import order as contract
from schemas.base import Method
from services.foundation.rpc.calls import call
from services.order.queueing.manual_control import change_queue
from services.order.queueing.rules import check_draw_at
from services.order.replies.replayed_answers import OrderIdempotencyKey
from services.order.screenings.screening_snapshot import ScreeningSnapshot
from services.seating.sale_queue import QueueChange


class QueueMethods:
    """A part of the class Order, which has the dependencies."""

    principal: Any
    database: Any
    boards: Any
    screenings: Any
    settings: Any
    remote: Any
    workflows: Any
    user_id: Any
    idempotency_key: Callable[[Method, dict[str, Any]], OrderIdempotencyKey]

    @call(contract.JOIN_QUEUE)
    def join_queue(self, request: dict[str, Any]) -> dict[str, Any]:
        """A place in the queue, one per account."""
        screening = self.screenings.get(request["screening_id"], self.remote)
        return self.workflows.sale_queues.join(screening, self.user_id)

    @call(contract.GET_PLACE)
    def get_place(self, request: dict[str, Any]) -> dict[str, Any]:
        """The caller's place, and the pass when it is their turn."""
        return self.workflows.sale_queues.place(request["screening_id"], self.user_id)

    @call(contract.OPEN_QUEUE)
    def open_queue(self, request: dict[str, Any]) -> dict[str, Any]:
        """Open the queue until somebody closes it. Raises Forbidden in another manager's cinema."""
        screening, draw_at = self.managed_screening(request), request.get("draw_at")
        check_draw_at(draw_at, screening.starts_at)
        return self._change_queue(contract.OPEN_QUEUE, request, screening, lambda: self.boards.queue.open(
            screening.screening_id, draw_at, self.settings.queue.drawing))

    @call(contract.CLOSE_QUEUE)
    def close_queue(self, request: dict[str, Any]) -> dict[str, Any]:
        """Close the queue, for an hour at least. Raises Forbidden in another manager's cinema."""
        screening = self.managed_screening(request)
        return self._change_queue(contract.CLOSE_QUEUE, request, screening,
                                  lambda: self.boards.queue.close(screening.screening_id))

    def _change_queue(self, method: Method, request: dict[str, Any], screening: ScreeningSnapshot,
                      change: Callable[[], QueueChange]) -> dict[str, Any]:
        return change_queue(self.database, self.idempotency_key(method, request), self.principal, method, screening,
                            request.get("reason"), change)

    def managed_screening(self, request: dict[str, Any]) -> ScreeningSnapshot:
        """The screening of a manager's request. Raises Forbidden in another manager's cinema."""
        screening = self.screenings.get(request["screening_id"], self.remote)
        self.principal.permit_at("manager", screening.cinema_id)
        return screening
