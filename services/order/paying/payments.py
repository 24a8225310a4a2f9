"""Paying an order: its deadline is extended, the payment room takes the money, and the order becomes paid.

No transaction is open while the payment room is asked.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from schemas import payment
from schemas.errors import Busy
from schemas.order.refusals import OrderNotPayable
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.client import RemoteCaller
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order import rules, store
from services.order.faults import log_fault
from services.order.order_view import OrderView
from services.order.paying.captured_payments import CapturedPayments
from services.order.replies.serializers import PaymentProgress, order_reply
from services.order.seat_boards import SeatBoards
from services.order.settings import OrderSettings


@dataclass(frozen=True)
class PaymentChoice:
    """How a buyer wants to pay; `email` and `language`: where and in which language a guest wants the tickets."""

    method: str
    return_url: str | None = None
    card_id: str | None = None
    save_card: bool = False
    email: str | None = None
    language: str | None = None

    @classmethod
    def of(cls, request: dict[str, Any]) -> "PaymentChoice":
        """The choice in a schemas.order.methods.PayRequest."""
        return cls(**{name: value for name, value in request.items() if name != "order_id"})


@dataclass(frozen=True)
class Payments:
    """Taking money for unpaid orders, through the payment room."""

    database: Transactions
    boards: SeatBoards
    remote: RemoteCaller
    settings: OrderSettings
    captured_payments: CapturedPayments

    def pay(self, key: IdempotencyKey, buyer_id: str, order_id: str, choice: PaymentChoice) -> dict[str, Any]:
        """Pay an order, or begin to; the reply, a schemas.order.Order. Raises the refusals of schemas.order.PAY.

        With a `return_url` the reply says at which page the buyer pays, and an event of the payment room makes the
        order paid. Without one, test money is taken at once, as is money of the buyer's wallet or a kept card's.
        """
        now = utc_now()
        rules.check_return_url(choice.method, choice.return_url)
        rules.check_card(choice.method, choice.return_url, choice.card_id, choice.save_card)
        view = self.database.run(lambda tx: self._start(tx, key, buyer_id, order_id))
        progress = None
        if view.row.status == "paying":
            row = view.row
            self.boards.publish_held(row.screening_id, row.board_owner, row.expires_at, view.seat_ids)
            try:
                progress = self._take_money(view, choice)
            except payment.PaymentClosed:
                raise self._why_closed(order_id) from None
            if progress.status != "captured":
                reply = order_reply(view, now, progress)
                self.database.run(lambda tx: key.store_reply(tx, reply))
                return reply
        paid = self.captured_payments.apply_or_refuse(
            view.row.order_id, lambda tx, view: key.store_reply(tx, order_reply(view, now, progress)))
        return order_reply(paid, now, progress)

    def _start(self, tx: Connection, key: IdempotencyKey, buyer_id: str, order_id: str) -> OrderView:
        key.raise_if_answered(tx)
        view = store.lock(tx, order_id, buyer_id)
        if view.row.status in rules.OWNS_SEATS:
            return view  # paid before: paying again gives the same answer
        row = view.row
        rules.check_payable(row.status, row.expires_at, utc_now())
        if row.status == "created":
            time_to_pay = self.settings.pay + (self.settings.extension if row.extended else dt.timedelta(0))
            store.move(tx, view, "paying", expires_at=rules.pay_deadline(
                row.created_at, row.expires_at, row.starts_at, time_to_pay))
        return store.find(tx, row.order_id)

    def _take_money(self, view: OrderView, choice: PaymentChoice) -> PaymentProgress:
        """Take the money, once however often this is repeated, or find at which page the buyer pays.

        Raises PaymentDeclined, InsufficientFunds, UnknownCard, PaymentClosed, or RoomSilent: outcome unknown.
        """
        row = view.row
        if not row.total:  # providers take no payments of nothing
            return PaymentProgress(None, "captured")
        request = {"order_id": row.order_id, "amount": row.total, "currency": row.currency,
                   "method": choice.method, "user_id": row.buyer_id}
        if choice.return_url is None or choice.method == "wallet":
            charged = self.remote.call(payment.CHARGE, request)
            return PaymentProgress(charged["payment_id"], "captured")
        started = self.remote.call(payment.START, {
            **request, "return_url": choice.return_url, "expires_at": row.expires_at.isoformat(),
            "card_id": choice.card_id, "save_card": choice.save_card})
        if started["status"] in ("failed", "cancelled"):
            raise payment.PaymentDeclined()
        return PaymentProgress(started["payment_id"], started["status"], started["redirect_url"])

    def _why_closed(self, order_id: str) -> OrderNotPayable:
        """Why the payment room takes no more money for an order that could be paid a moment ago."""
        row = self.database.read(lambda tx: store.find(tx, order_id)).row
        try:
            rules.check_payable(row.status, row.expires_at, utc_now())
        except OrderNotPayable as refusal:
            return refusal
        return OrderNotPayable(order_status=row.status)  # it is being ended right now

    def find_progress(self, view: OrderView) -> tuple[OrderView, PaymentProgress | None]:
        """The order, which becomes paid if its money has come meanwhile, and how far paying has come, if known."""
        if view.row.status != "paying":
            return view, None
        order_id = view.row.order_id
        try:
            found = self.remote.call(payment.GET_STATUS, {"order_id": order_id})
            captured = found["captured"]
            progress = PaymentProgress(found["payment_id"], found["status"], reason=found["reason"])
        except Exception as problem:  # the buyer sees the order all the same
            log_fault(problem, "the progress of a payment is unknown", order_id)
            return view, None
        if not captured:
            return view, progress
        try:
            return self.captured_payments.apply(order_id), None
        except Busy:
            return view, None
