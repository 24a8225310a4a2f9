"""Orders whose payment a person has to review: nothing of them changes until that person has decided."""

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from schemas import payment
from services.foundation.database import Transactions
from services.foundation.rpc.client import RemoteCaller
from services.order import rules, store
from services.order.order_view import OrderView
from services.order.paying.captured_payments import CapturedPayments
from services.order.refunding import store as refund_store
from services.order.refunding.refunds import Refunds
from services.order.seat_boards import SeatBoards


@dataclass(frozen=True)
class Reviews:
    """What becomes of an order whose payment is under review; each method follows an event of the payment room."""

    database: Transactions
    boards: SeatBoards
    remote: RemoteCaller
    captured_payments: CapturedPayments
    refunds: Refunds

    def hold(self, order_id: str) -> None:
        """Put an order into review: its seats and its money stay where they are.

        Raises Busy when the payment room does not answer: the event is to be delivered again.
        """
        if self.remote.call(payment.GET_STATUS, {"order_id": order_id})["status"] != "review":
            return  # it was decided before this message came, or another attempt is under way
        # A decision that is heard from here on ends the order itself, be it `paying` or in review by then.

        def move(tx: Connection) -> OrderView:
            view = store.lock(tx, order_id)
            if view.row.status == "paying":
                store.move(tx, view, "review", ask_again_at=view.row.ends_at)
            return store.find(tx, order_id)

        view = self.database.run_repeatable(move)
        if view.row.status == "review":  # its seats must not be shown as free
            row = view.row
            self.boards.publish_held(row.screening_id, row.board_owner, row.ask_again_at, view.seat_ids)

    def dismiss(self, order_id: str, given_back: int, currency: str) -> None:
        """End an order whose payment does not count; `given_back` of it, in minor units, goes back to its buyer.

        The decision may be heard before the review is: then nothing else would end the order. Only when another
        payment of the order was captured does it go on, and that payment's event makes it paid. Raises Busy as `hold`.
        """
        is_paid = self.remote.call(payment.GET_STATUS, {"order_id": order_id})["captured"]

        def expire(tx: Connection) -> OrderView:
            view = store.lock(tx, order_id)
            if view.row.status in rules.HOLDS_SEATS and not is_paid:
                store.end_unpaid(tx, view, "expired")
                view = store.find(tx, order_id)
            if given_back and currency == view.row.currency:
                refund_store.record_foreign_refund(tx, view, given_back)
            return view

        view = self.database.run_repeatable(expire)
        if view.row.status in rules.ENDED_UNPAID:
            self.boards.publish_free(view.row.screening_id, view.row.board_owner, view.seat_ids)

    def void(self, order_id: str) -> None:
        """Void the tickets of a paid order whose money has gone back without us, free its seats, refund the rest.

        This may be heard before the news of the money, so the captured payment is applied first.
        """
        self.captured_payments.apply(order_id)
        self.refunds.refund_everything(order_id, "reversed")
