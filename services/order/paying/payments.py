"""The till: the steps of an order that need the payment room.

Seats are never given back while it is unknown whether they were paid for: the payment room is asked first.
No transaction is open while it is.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection

from schemas import payment
from schemas.errors import Busy, RoomSilent
from schemas.order.refusals import OrderExpired
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.client import RemoteCaller
from services.order import rules, store
from services.order.refunding import refunds
from services.order.seat_boards import Boards
from services.order.snacks import SnackCounter, note
from services.order.tickets.codes import TicketKeys

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
    counter: SnackCounter

    def ask_for_money(self, view: store.OrderView, method: str, return_url: str | None) -> dict[str, Any]:
        """Take the money, once whatever is repeated, or say at which page the buyer pays.

        {payment_id, status, redirect_url}: `captured`, the money is there; else the buyer has to go to that page, and
        comes back to `return_url`. Raises PaymentDeclined, or RoomSilent: outcome unknown.
        """
        row = view.row
        if not row.total:  # providers take no payments of nothing
            return {"payment_id": None, "status": "captured", "redirect_url": None}
        asked = {"order_id": row.order_id, "amount": row.total, "currency": row.currency, "method": method}
        if return_url is None:
            charged = self.remote.call(payment.CHARGE, asked)
            return {"payment_id": charged["payment_id"], "status": "captured", "redirect_url": None}
        checkout = self.remote.call(payment.START, {**asked, "return_url": return_url,
                                                    "expires_at": row.expires_at.isoformat()})
        if checkout["status"] in ("failed", "cancelled"):
            raise payment.PaymentDeclined()
        return checkout

    def find_payment(self, view: store.OrderView) -> tuple[store.OrderView, dict[str, Any] | None]:
        """The order, booked as paid if its money has come meanwhile, and how far paying has got if it can be told."""
        if view.row.status != "paying":
            return view, None
        order_id = view.row.order_id
        try:
            money = self.remote.call(payment.GET_STATUS, {"order_id": order_id})
            captured, told = money["captured"], {name: money[name] for name in ("payment_id", "status", "reason")}
        except Exception as problem:  # who just looks is shown the order all the same
            note(problem, "it can't be told how far paying has got", order_id)
            return view, None
        if not captured:
            return view, {**told, "redirect_url": None}
        try:
            return self.book(order_id), None
        except Busy:
            return view, None

    def book_payment(self, order_id: str, then: Then = _nothing) -> store.OrderView:
        """The same as `book`. Raises OrderExpired when the money goes back."""
        view = self.book(order_id, then)
        if view.row.status in rules.ENDED_UNPAID:
            raise OrderExpired(order_status=view.row.status)
        return view

    def book(self, order_id: str, then: Then = _nothing) -> store.OrderView:
        """The money is there: make the order paid, and `then(tx, paid order)` in the same transaction; how it stands.

        Once the film has begun the order ends instead. Had it ended before, it is paid all the same if its seats are
        all free still. What can't be paid any more, it is written down that its money goes back.
        """
        def work(tx: Connection) -> store.OrderView:
            view = store.lock(tx, order_id)
            if view.row.status in rules.HOLDS_SEATS and rules.has_begun(view.row.starts_at, utc_now()):
                store.end_unpaid(tx, view, "expired")
                view = store.find(tx, order_id)
            if view.row.status in rules.HOLDS_SEATS:
                store.mark_paid(tx, view, self.ticket_keys)
            elif view.row.status in rules.ENDED_UNPAID and not self._revive(tx, view):
                refunds.owe_back(tx, view)
            view = store.find(tx, order_id)
            if view.row.status not in rules.ENDED_UNPAID:
                then(tx, view)
            return view

        view = self.database.run_known(work)
        row = view.row
        if row.status in rules.ENDED_UNPAID:
            self.boards.show_free(row.screening_id, row.board_owner, view.seat_ids)
        else:
            self.boards.show_sold(row.screening_id, row.board_owner, list(view.valid_prices))
        return view

    def book_or_return(self, order_id: str) -> None:
        """The same, and what came too late for anything else goes back at once."""
        if self.book(order_id).row.status in rules.ENDED_UNPAID:
            self.send_refunds(order_id)

    def _revive(self, tx: Connection, view: store.OrderView) -> bool:
        row = view.row
        lost = refunds.is_owed_back(tx, view) or store.is_cancelled(tx, row.screening_id)
        if lost or not rules.may_revive(row.status, row.starts_at, utc_now()):
            return False
        return store.revive(tx, view, self.ticket_keys)

    def as_it_stands(self, view: store.OrderView) -> store.OrderView:
        """The same order, ended first if its time is over: nobody is shown a dead order as alive.

        Was it being paid, only the provider can say, and who just looks does not wait for that: `tend` asks.
        """
        if view.row.status == "paying" or not rules.is_dead(view.row.status, view.row.expires_at, utc_now()):
            return view
        try:
            return self.settle(view.row.order_id)
        except Busy:
            return view  # the payment room can't say yet

    def settle(self, order_id: str, target: str = "expired", reason: str | None = None,
               then: Then = _nothing) -> store.OrderView:
        """End an unpaid order as `target`, and `then(tx, ended order)`, unless it turns out to be paid; how it stands.

        `expired` needs the deadline to be over. Raises Busy when the payment room can't say: then everything stays as
        it is, and `tend` leaves the order alone for a while.
        """
        view = self.database.read(lambda tx: store.find(tx, order_id))
        if view.row.status == "paying" and self._close(view):
            return self.book(order_id)

        def end(tx: Connection) -> store.OrderView:
            locked = store.lock(tx, order_id)
            # A payment may have begun since we asked; then it is for the next pass.
            row = locked.row
            unchanged = row.status == view.row.status and row.status in rules.UNPAID
            if unchanged and (target != "expired" or rules.is_dead(row.status, row.expires_at, utc_now())):
                store.end_unpaid(tx, locked, target, reason)
                locked = store.find(tx, order_id)
                then(tx, locked)
            return locked

        ended = self.database.run_known(end)
        if ended.row.status == target:
            self.boards.show_free(ended.row.screening_id, ended.row.board_owner, ended.seat_ids)
        return ended

    def _close(self, view: store.OrderView) -> int:
        """What was taken for the order; no more will be. Raises Busy."""
        row = view.row
        try:
            return int(self.remote.call(payment.CLOSE, {"order_id": row.order_id})["captured"])
        except Exception as problem:
            until = rules.ask_again_at(row.expires_at, utc_now())
            self.database.run(lambda tx: store.leave_alone(tx, row.order_id, until))
            self.boards.show_held(row.screening_id, row.board_owner, max(row.expires_at, until), view.seat_ids)
            if isinstance(problem, Busy):
                raise
            log.exception("a payment can't be closed", extra={"order_id": row.order_id})
            raise RoomSilent(room="payment") from None

    def send_refunds(self, order_id: str, then: Then = _nothing) -> store.OrderView:
        """Give back what this order owes, as far as that can be done now; the rest is tried again later."""
        try:
            self.give_back(order_id)
        except Busy as refusal:
            log.warning("a refund has to wait", extra={"order_id": order_id, "reason": refusal.code})

        def tell(tx: Connection) -> store.OrderView:
            view = store.find(tx, order_id)
            then(tx, view)
            return view

        return self.database.run_known(tell)

    def give_back(self, order_id: str) -> None:
        """Have the payment room do what this order's open refunds ask for. Raises Busy when one has to wait.

        Before, the kitchen is asked whether the snacks of a refunded order are among it.
        """
        self.counter.settle(order_id)
        for refund in self.database.read(lambda tx: refunds.open_refunds(tx, order_id)):
            if refund.amount:  # by the order's terms it may be nothing at all
                self._send(refund)
            self.database.run_known(partial(refunds.refund_done, refund_id=refund.refund_id, order_id=order_id))

    def _send(self, refund: Any) -> None:
        try:
            self.remote.call(payment.REFUND, {name: getattr(refund, name) for name in (
                "refund_id", "order_id", "amount", "currency")})
        except Exception as problem:
            until = rules.ask_again_at(refund.requested_at, utc_now())
            self.database.run(lambda tx: refunds.leave_alone(tx, refund.refund_id, until))
            if isinstance(problem, Busy):
                raise
            log.exception("a refund is refused", extra={"order_id": refund.order_id, "refund_id": refund.refund_id})
            raise RoomSilent(room="payment") from None

