"""What nobody asks for, but must happen: done by every process of the room, again and again, each time a little."""

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.engine import Connection

from schemas.errors import Busy, NotFound
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.idempotency import forget_old_keys
from services.order import snacks, store
from services.order.buying.screening_snapshot import Terms
from services.order.models import KEYS
from services.order.paying.payments import Till
from services.order.refunding import refunds
from services.order.refunding.cancelled_screenings import Ending, still_alive
from services.order.seat_boards import Boards

log = logging.getLogger("marquee.order")
KEYS_KEPT = dt.timedelta(days=7)
AT_MOST = 15.0   # seconds for one kind of work, when others do not answer


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
        self._each(lambda tx: store.dead_orders(tx, utc_now()), self.till.settle)

    def end_cancelled_screenings(self) -> None:
        ending = Ending(self.database, self.boards, self.till)
        self._each(lambda tx: still_alive(tx, utc_now()), ending.end)

    def send_refunds(self) -> None:
        """Try refunds again that had to wait for the payment room."""
        self._each(lambda tx: refunds.due(tx, utc_now()), self.till.give_back)

    def settle_snacks(self) -> None:
        """Ask again in the kitchen what becomes of refunded snacks."""
        self._each(lambda tx: refunds.open_snacks(tx, utc_now()), self.till.give_back)

    def complete_orders(self) -> None:
        """Close orders of which nothing is to come."""
        now = utc_now()
        self._each(lambda tx: snacks.finished(tx, now),
                   lambda order_id: self.database.run(partial(snacks.complete, order_id=order_id, now=now)))

    def _each(self, find: Callable[[Connection], list[str]], work: Callable[[str], object]) -> None:
        """One hopeless order must not keep the others waiting, nor a silent room all that is to be done besides."""
        ends = time.monotonic() + AT_MOST
        for order_id in self.database.read(find):
            try:
                work(order_id)
            except Busy as refusal:
                log.warning("an order has to wait", extra={"order_id": order_id, "reason": refusal.code})
            except Exception:
                log.exception("an order can't be tended", extra={"order_id": order_id})
            if time.monotonic() > ends:
                return  # the next time, those come first that have not had their turn

    def keep_boards(self) -> None:
        if mended := self.boards.keep(self.database):
            log.warning("mended boards", extra={"count": mended})

    def forget_keys(self) -> None:
        self.database.run(lambda tx: forget_old_keys(tx, KEYS, utc_now() - KEYS_KEPT))


def warm(database: Transactions, boards: Boards, terms: Callable[[str], Terms], screening_ids: list[str]) -> None:
    """Draw the boards of these screenings, of which Redis knows nothing."""
    for screening_id in screening_ids:
        try:
            boards.warm(database, screening_id, terms(screening_id).ends_at)
        except (Busy, NotFound) as refusal:
            log.info("a board stays cold", extra={"screening_id": screening_id, "reason": refusal.code})
