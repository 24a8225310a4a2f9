"""What nobody asks for, but must happen: done by every process of the room, again and again, each time a little."""

import datetime as dt
import logging
from dataclasses import dataclass
from functools import partial

from schemas.errors import Busy
from services.foundation.database import Transactions, utc_now
from services.foundation.idempotency import forget_old_keys
from services.order import refunds, snacks, store
from services.order.boards import Boards
from services.order.cancellation import Ending
from services.order.models import KEYS
from services.order.till import Till

log = logging.getLogger("marquee.order")
KEYS_KEPT = dt.timedelta(days=7)
REFUND_RETRY = dt.timedelta(seconds=15)


@dataclass(frozen=True)
class Tending:
    database: Transactions
    boards: Boards
    till: Till

    def do_all(self) -> None:
        for chore in (self.expire_orders, self.end_cancelled_screenings, self.send_refunds, self.settle_snacks,
                      self.complete_orders, self.keep_boards, self.forget_keys):
            try:
                chore()
            except Exception as problem:  # a chore that fails today is done tomorrow; the room lives on
                log.warning("%s failed", chore.__name__, extra={"problem": f"{type(problem).__name__}: {problem}"})

    def expire_orders(self) -> None:
        """End unpaid orders whose time is over."""
        for order_id in self.database.read(lambda tx: store.dead_orders(tx, utc_now())):
            try:
                self.till.settle(order_id)
            except Busy as refusal:
                log.warning("an order can't be settled yet", extra={"order_id": order_id, "reason": refusal.code})

    def end_cancelled_screenings(self) -> None:
        ending = Ending(self.database, self.boards, self.till)
        while ended := ending.end_orders():
            log.info("ended orders of cancelled screenings", extra={"count": ended})

    def send_refunds(self) -> None:
        """Try refunds again that had to wait for the payment room."""
        waiting = self.database.read(lambda tx: refunds.open_refunds(tx, before=utc_now() - REFUND_RETRY))
        for order_id in {refund.order_id for refund in waiting}:
            self.till.send_refunds(order_id)

    def settle_snacks(self) -> None:
        """Ask again in the kitchen what becomes of refunded snacks."""
        for order_id in self.database.read(lambda tx: refunds.open_snacks(tx, before=utc_now() - REFUND_RETRY)):
            self.till.send_refunds(order_id)

    def complete_orders(self) -> None:
        """Close orders of which nothing is to come."""
        now = utc_now()
        for order_id in self.database.read(lambda tx: snacks.finished(tx, now)):
            self.database.run(partial(snacks.complete, order_id=order_id, now=now))

    def keep_boards(self) -> None:
        if mended := self.boards.keep(self.database):
            log.warning("mended boards", extra={"count": mended})

    def forget_keys(self) -> None:
        self.database.run(lambda tx: forget_old_keys(tx, KEYS, utc_now() - KEYS_KEPT))
