"""Refunds: tickets become void and seats free at once; the money follows."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Connection

from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order import rules
from services.order import store as order_store
from services.order.order_view import OrderView
from services.order.refunding import house_refunds, store
from services.order.refunding.refund_sender import RefundSender
from services.order.replies.serializers import order_reply, refund_preview
from services.order.screenings import refund_policy, seat_groups
from services.order.screenings.refund_policy import RefundPlan
from services.order.seat_boards import SeatBoards


@dataclass(frozen=True)
class Refunds:
    """Refunds that buyers ask for, and those that the cinema decides."""

    database: Transactions
    boards: SeatBoards
    sender: RefundSender

    def refund(self, key: IdempotencyKey, buyer_id: str, order_id: str, seats: list[str] | None,
               agreed_amount: int | None, to_wallet: bool = False) -> dict[str, Any]:
        """Refund some seats of a buyer's order, or all; the reply, a schemas.order.Order.

        Raises RefundChanged when `agreed_amount` is given and wrong, and the other refusals of schemas.order.REFUND.
        """
        now = utc_now()

        def give_back(tx: Connection) -> tuple[OrderView, RefundPlan]:
            view = order_store.lock(tx, order_id, buyer_id)
            key.raise_if_answered(tx)  # no copy of the request can be refunding this order now
            plan = plan_refund(view, seats, now)
            refund_policy.check_amount(plan, agreed_amount)
            store.refund_seats(tx, view, replace(plan, to_wallet=to_wallet))
            key.store_reply(tx, order_reply(order_store.find(tx, view.row.order_id), now))
            return view, plan

        view, plan = self.database.run(give_back)
        self.boards.publish_free(view.row.screening_id, view.row.board_owner, plan.seats)
        view = self.sender.send_or_defer(order_id, lambda tx, view: key.replace_reply(tx, order_reply(view, now)))
        return order_reply(view, now)

    def preview(self, buyer_id: str, order_id: str, seats: list[str] | None) -> dict[str, Any]:
        """What `refund` would give back now; the reply, a schemas.order.methods.RefundPreviewReply."""
        now = utc_now()
        view = self.database.read(lambda tx: order_store.find(tx, order_id, buyer_id))
        return refund_preview(view, plan_refund(view, seats, now), now)

    def refund_everything(self, order_id: str, reason: str) -> None:
        """Refund all that is left of a paid order, whatever its terms; other orders stay as they are."""
        def give_back(tx: Connection) -> tuple[OrderView, list[str]]:
            view = order_store.lock(tx, order_id)
            if view.row.status not in rules.OWNS_SEATS:
                return view, []
            plan = refund_policy.full_refund(view.valid_prices)
            house_refunds.refund_seats(tx, view, plan, reason)
            return view, plan.seats

        view, freed = self.database.run_repeatable(give_back)
        if freed:
            self.boards.publish_free(view.row.screening_id, view.row.board_owner, freed)
        self.sender.send_or_defer(order_id)


def plan_refund(view: OrderView, seats: Sequence[str] | None, now: dt.datetime) -> RefundPlan:
    """What goes back now for these seats of an order, or for all of them. Raises as `Refunds.refund`."""
    tiers = refund_policy.load_tiers(view.row.refund_tiers)
    rules.check_unused(view.valid_prices if seats is None else seats, view.admitted_seats)
    plan = refund_policy.plan_refund(view.row.status, view.valid_prices, seats, tiers, now)
    seat_groups.check_returning(view.valid_seats, plan.seats)
    return refund_policy.with_snacks(plan, view.snacks_total, view.row.kitchen_status)
