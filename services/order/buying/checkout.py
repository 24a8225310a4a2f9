"""Taking seats: a hold on the board, snacks from the kitchen, then the claims in MariaDB, which decides."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from schemas.errors import Busy, RequestInProgress
from schemas.kitchen import SnacksSoldOut, SnacksUnknown
from schemas.order.refusals import PriceChanged, SeatsTaken, TooManyUnpaidOrders
from services.foundation.database import CommitUnknown, Transactions, utc_now
from services.foundation.rpc.idempotency import AlreadyAnswered, Keys
from services.order import rules, store
from services.order.buying.new_order import Draft
from services.order.buying.screening_snapshot import Terms
from services.order.paying.payments import Till
from services.order.refunding.cancelled_screenings import refuse_cancelled
from services.order.seat_boards import Boards
from services.order.serializers import new_order_receipt, new_quote
from services.seating.board import BoardCold, SeatsHeld

TRIES = 8


@dataclass
class Taking:
    """One attempt of one buyer to get seats."""

    database: Transactions
    boards: Boards
    till: Till
    limits: rules.Limits
    terms: Terms
    keys: Keys
    shown: int | None = None  # the total that the buyer agreed to, if they said
    has_held: bool = False
    has_reserved: bool = False
    in_doubt: bool = False  # a COMMIT got lost: the order may be there, also when it can't be seen yet

    def take(self, draft: Draft, quote: rules.Quote, snacks: list[dict[str, Any]]) -> dict[str, Any]:
        """Write the order, or raise SeatsTaken or SnacksSoldOut naming the losers, or PriceChanged: nothing is taken.

        The answer is that of a new order, or what was answered before under the same key.
        """
        try:
            return self._take(draft, quote, snacks)
        except AlreadyAnswered as earlier:
            self._return_snacks(draft)
            return earlier.reply
        except SeatsHeld as held:
            self._return_snacks(draft)
            raise SeatsTaken(seats=held.seats) from None
        except RequestInProgress:
            self._return_snacks(draft)  # the hold on the board is also the twin's
            raise
        except Exception:
            self._let_go(draft, quote)
            raise

    def _take(self, draft: Draft, quote: rules.Quote, snacks: list[dict[str, Any]]) -> dict[str, Any]:
        if not snacks:  # else the price is known when the kitchen has set them aside
            self._check_total(draft, quote)
        for _ in range(TRIES):
            if self._hold_and_write(draft, quote, snacks):
                return new_order_receipt(draft, quote)
            if self.keys.given:  # a twin may have been what stood in the way
                self.database.run(self.keys.recall)
        raise Busy(retry_after=1)

    def _hold_and_write(self, draft: Draft, quote: rules.Quote, snacks: list[dict[str, Any]]) -> bool:
        """Whether the order is written; False: something in the way was cleared, try again."""
        screening_id = draft["screening_id"]
        try:
            self.has_held = True
            self.boards.hold(screening_id, draft["board_owner"], draft["expires_at"], quote.seat_ids)
            if snacks and not self.has_reserved:
                self._reserve(draft, snacks)
                self._check_total(draft, quote)
            self.database.run(lambda tx: self._write(tx, draft, quote))
        except BoardCold:
            self.boards.warm(self.database, screening_id, self.terms.ends_at)
        except store.ClaimTaken:
            self._clear_the_way(draft, quote)
        except store.SlotTaken:
            draft["unpaid_slot"] = self._free_slot(draft)
        except CommitUnknown:
            return self._is_written(draft)
        else:
            return True
        return False

    def _reserve(self, draft: Draft, snacks: list[dict[str, Any]]) -> None:
        self.has_reserved = True  # or may have, if there is no answer
        try:
            self.till.counter.reserve(draft, self.terms, snacks)
        except (SnacksSoldOut, SnacksUnknown, RequestInProgress):
            self.has_reserved = False
            raise

    def _check_total(self, draft: Draft, quote: rules.Quote) -> None:
        if self.shown not in (None, draft["total"]):
            self.database.run(self.keys.recall)  # a twin may have bought at the old price
            raise PriceChanged(new_quote(draft, quote))

    def _is_written(self, draft: Draft) -> bool:
        self.in_doubt = True
        return self.database.read(lambda tx: store.exists(tx, draft["order_id"]))

    def _write(self, tx: Connection, draft: Draft, quote: rules.Quote) -> None:
        self.keys.remember(tx, new_order_receipt(draft, quote))
        refuse_cancelled(tx, draft["screening_id"])
        store.add_order(tx, draft, quote.seats)

    def _let_go(self, draft: Draft, quote: rules.Quote) -> None:
        if self.has_held:
            self.boards.show_free(draft["screening_id"], draft["board_owner"], quote.seat_ids)
        self._return_snacks(draft)

    def _return_snacks(self, draft: Draft) -> None:
        # In doubt they stay: the kitchen gives them back unless it hears of the order.
        if self.has_reserved and not self.in_doubt:
            self.has_reserved = False
            self.till.counter.release(draft["order_id"])

    def _clear_the_way(self, draft: Draft, quote: rules.Quote) -> None:
        """End dead orders that still own some of the seats. Raises SeatsTaken if a living one does."""
        screening_id, now = draft["screening_id"], utc_now()
        owners = self._owners(screening_id, quote.seat_ids)
        for order_id in {row.order_id for row in owners if rules.is_dead(row.status, row.held_until, now)}:
            self.till.settle(order_id)
        if owners := self._owners(screening_id, quote.seat_ids):
            self._let_go(draft, quote)
            self.boards.show_owners(screening_id, owners)  # the board had not known them
            raise SeatsTaken(seats=[row.seat_id for row in owners])

    def _owners(self, screening_id: str, seats: list[str]) -> store.Rows:
        return self.database.read(lambda tx: store.claimants(tx, screening_id, seats))

    def _free_slot(self, draft: Draft) -> int:
        """A free place among the buyer's unpaid orders; raises TooManyUnpaidOrders when there is none."""
        def unpaid() -> store.Rows:
            return self.database.read(lambda tx: store.unpaid_orders(tx, draft["screening_id"], draft["buyer_id"]))

        now = utc_now()
        for row in unpaid():
            if rules.is_dead(row.status, row.held_until, now):
                self.till.settle(row.order_id)
        free = set(range(1, self.limits.unpaid_orders + 1)) - {row.unpaid_slot for row in unpaid()}
        if not free:
            raise TooManyUnpaidOrders()
        return min(free)
