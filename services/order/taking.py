"""Taking seats: a hold on the board, then the claims in MariaDB, which decides."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from schemas.errors import Busy
from schemas.order_refusals import SeatsTaken, TooManyUnpaidOrders
from services.foundation.database import CommitUnknown, Transactions, utc_now
from services.foundation.idempotency import AlreadyAnswered, Keys
from services.order import rules, store
from services.order.boards import Boards
from services.order.cancellation import refuse_cancelled
from services.order.draft import Draft
from services.order.terms import Terms
from services.order.till import Till
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

    def take(self, draft: Draft, quote: rules.Quote, reply: dict[str, Any]) -> dict[str, Any]:
        """Write the order, or raise SeatsTaken naming the losers, and then nothing was taken at all.

        The answer is `reply`, or what was answered before under the same key.
        """
        for _ in range(TRIES):
            try:
                if self.keys.given:
                    self.database.run(self.keys.recall)
                if self._hold_and_write(draft, quote, reply):
                    return reply
            except AlreadyAnswered as earlier:
                return earlier.reply
            except SeatsHeld as held:
                raise SeatsTaken(seats=held.seats) from None
            except Exception:
                self._let_go(draft, quote)
                raise
        self._let_go(draft, quote)
        raise Busy(retry_after=1)

    def _hold_and_write(self, draft: Draft, quote: rules.Quote, reply: dict[str, Any]) -> bool:
        """Whether the order is written; False: something in the way was cleared, try again."""
        screening_id = draft["screening_id"]
        try:
            self.boards.hold(screening_id, draft["board_owner"], draft["expires_at"], quote.seat_ids)
            self.database.run(lambda tx: self._write(tx, draft, quote, reply))
        except BoardCold:
            self.boards.warm(self.database, screening_id, self.terms.ends_at)
        except store.ClaimTaken:
            self._clear_the_way(draft, quote)
        except store.SlotTaken:
            draft["unpaid_slot"] = self._free_slot(draft)
        except CommitUnknown:
            return self.database.read(lambda tx: store.exists(tx, draft["order_id"]))
        else:
            return True
        return False

    def _write(self, tx: Connection, draft: Draft, quote: rules.Quote, reply: dict[str, Any]) -> None:
        self.keys.remember(tx, reply)
        refuse_cancelled(tx, draft["screening_id"])
        store.add_order(tx, draft, quote.seats)

    def _let_go(self, draft: Draft, quote: rules.Quote) -> None:
        self.boards.show_free(draft["screening_id"], draft["board_owner"], quote.seat_ids)

    def _clear_the_way(self, draft: Draft, quote: rules.Quote) -> None:
        """End dead orders that still own some of the seats. Raises SeatsTaken if a living one does."""
        screening_id, now = draft["screening_id"], utc_now()
        owners = self._owners(screening_id, quote.seat_ids)
        for order_id in {row.order_id for row in owners if rules.is_dead(row.status, row.expires_at, now)}:
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
            if rules.is_dead(row.status, row.expires_at, now):
                self.till.settle(row.order_id)
        free = set(range(1, self.limits.unpaid_orders + 1)) - {row.unpaid_slot for row in unpaid()}
        if not free:
            raise TooManyUnpaidOrders()
        return min(free)
