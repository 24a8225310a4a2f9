"""Buying: the price is settled, seats and snacks are reserved, and the order is written."""

from dataclasses import dataclass
from typing import Any

from schemas.roles import allows
from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from services.foundation.rpc.calls import Principal
from services.foundation.rpc.client import RemoteCaller
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order import rules
from services.order.buying.new_order import NewOrder, board_owner
from services.order.buying.pricing import check_snacks, price_seats
from services.order.buying.purchase import Purchase
from services.order.buying.snack_reservations import SnackReservations
from services.order.holding import hold_limits
from services.order.holding.hold_limits import HoldLimits
from services.order.order_items import RequestedSnack
from services.order.paying.unpaid_orders import UnpaidOrders
from services.order.queueing.sale_queues import SaleQueues
from services.order.screenings.refund_policy import stamped
from services.order.screenings.screening_snapshot import ScreeningSnapshots
from services.order.seat_boards import SeatBoards
from services.order.settings import OrderSettings


@dataclass(frozen=True)
class Checkout:
    """Turns a request to buy into a new order, and completes the purchase."""

    database: Transactions
    boards: SeatBoards
    remote: RemoteCaller
    screenings: ScreeningSnapshots
    settings: OrderSettings
    snacks: SnackReservations
    unpaid_orders: UnpaidOrders
    sale_queues: SaleQueues

    def buy(self, key: IdempotencyKey, buyer: Principal, screening_id: str, seats: list[str],
            snacks: list[RequestedSnack], agreed_total: int | None, queue_pass: str | None) -> dict[str, Any]:
        """Write an order for seats and snacks, all or none; the reply, a schemas.order.methods.BuyReply.

        Raises SeatsTaken, SnacksSoldOut, PriceChanged when `agreed_total` is given and wrong, QueueRequired without a
        pass where one is needed, and the other refusals of schemas.order.BUY: then nothing is taken.
        """
        if earlier := key.stored_reply(self.database):
            return earlier  # whatever has changed since, such as that sales are closed
        check_snacks(snacks, self.settings.snacks_per_order, self.settings.snacks_of_a_kind)
        order = self._new_order(key, buyer, screening_id, seats)
        purchase = Purchase(self.database, self.boards, self.snacks, self.unpaid_orders, key, order,
                            agreed_total, self.settings.unpaid_orders, self._limits_of(buyer),
                            self.sale_queues.pass_check(buyer, order.screening, queue_pass))
        return purchase.complete(snacks)

    def _limits_of(self, buyer: Principal) -> HoldLimits | None:
        if buyer.is_guest:
            return hold_limits.of_a_guest(self.settings.hold_limits)
        return None if allows("staff", buyer.roles) else self.settings.hold_limits

    def _new_order(self, key: IdempotencyKey, buyer: Principal, screening_id: str, seats: list[str]) -> NewOrder:
        screening, now = self.screenings.get(screening_id, self.remote), utc_now()
        priced = price_seats(screening.seats, screening.starts_at, seats, now, self.settings.seats_per_order)
        order_id = new_id()
        return NewOrder(
            order_id=order_id, board_owner=board_owner(key, order_id), buyer_id=str(buyer.user_id),
            guest=buyer.is_guest, screening=screening,
            seats=priced, refund_tiers=stamped(self.settings.refund_tiers, screening.starts_at), created_at=now,
            expires_at=rules.hold_deadline(screening.starts_at, now, self.settings.hold))
