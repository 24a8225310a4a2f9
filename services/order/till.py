"""The till: the steps of an order that need the payment room.

Seats are never given back while it is unknown whether they were paid for: the payment room is asked first.
No transaction is open while it is.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.engine import Connection

from schemas import payment
from schemas.errors import Busy
from schemas.order import OrderExpired
from services.foundation.database import Transactions, utc_now
from services.foundation.remote import RemoteCaller
from services.order import rules, store
from services.order.boards import Boards
from services.order.ticket_codes import TicketKeys

log = logging.getLogger("marquee.till")
Then = Callable[[Connection, store.OrderView], None]


def _nothing(tx: Connection, view: store.OrderView) -> None:
    """Nothing more to write."""


@dataclass(frozen=True)
class Till:
    database: Transactions
    boards: Boards
    remote: RemoteCaller
    ticket_keys: TicketKeys

    def charge(self, view: store.OrderView, method: str) -> None:
        """Take the money, once whatever is repeated. Raises PaymentDeclined, or RoomSilent: outcome unknown."""
        row = view.row
        self.remote.call(payment.CHARGE, {"order_id": row.order_id, "amount": row.total, "currency": row.currency,
                                          "method": method})

    def book_payment(self, order_id: str, then: Then = _nothing) -> store.OrderView:
        """The money is there: make the order paid, and `then(tx, paid order)` in the same transaction.

        Raises OrderExpired when the order has ended meanwhile; its money is then on its way back.
        """
        def book(tx: Connection) -> store.OrderView:
            view = store.lock(tx, order_id)
            if view.row.status in rules.UNPAID:
                store.mark_paid(tx, view, self.ticket_keys)
                view = store.find(tx, order_id)
            if view.row.status in rules.ENDED_UNPAID:
                store.owe_back(tx, view)
            else:
                then(tx, view)
            return view

        view = self.database.run_known(book)
        if view.row.status in rules.ENDED_UNPAID:
            raise OrderExpired(status=view.row.status)
        self.boards.show_sold(view.row.screening_id, view.row.board_owner, list(view.valid_prices))
        return view

    def settle(self, order_id: str, target: str = "expired", then: Then = _nothing) -> store.OrderView:
        """End an unpaid order as `target`, and `then(tx, ended order)`, unless it turns out to be paid; how it stands.

        `expired` needs the deadline to be over. Raises RoomUnavailable or RoomSilent when the payment room
        can't say: then everything stays as it is.
        """
        view = self.database.read(lambda tx: store.find(tx, order_id))
        if view.row.status == "paying":
            money = self.remote.call(payment.CLOSE, {"order_id": order_id})
            if money["captured"]:
                return self.book_payment(order_id)

        def end(tx: Connection) -> store.OrderView:
            locked = store.lock(tx, order_id)
            # A payment may have begun since we asked; then it is for the next pass.
            row = locked.row
            unchanged = row.status == view.row.status and row.status in rules.UNPAID
            if unchanged and (target != "expired" or rules.is_dead(row.status, row.expires_at, utc_now())):
                store.end_unpaid(tx, locked, target)
                locked = store.find(tx, order_id)
                then(tx, locked)
            return locked

        ended = self.database.run_known(end)
        if ended.row.status == target:
            self.boards.show_free(ended.row.screening_id, ended.row.board_owner, ended.seat_ids)
        return ended

    def send_refunds(self, order_id: str, then: Then = _nothing) -> store.OrderView:
        """Have the payment room do what this order's open refunds ask for; what fails now is tried again later."""
        for refund in self.database.read(lambda tx: store.open_refunds(tx, order_id)):
            try:
                self.remote.call(payment.REFUND, {"refund_id": refund.refund_id, "order_id": order_id,
                                                  "amount": refund.amount, "currency": refund.currency})
            except Busy:
                log.warning("a refund has to wait", extra={"order_id": order_id, "refund_id": refund.refund_id})
                break
            self.database.run_known(partial(store.refund_done, refund_id=refund.refund_id, order_id=order_id))

        def tell(tx: Connection) -> store.OrderView:
            view = store.find(tx, order_id)
            then(tx, view)
            return view

        return self.database.run(tell)
