"""One purchase: a hold on the board, snacks from the kitchen, then the claims in MariaDB, which decides."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Connection

from schemas.errors import Busy, OutcomeUnknown, Refusal, RequestInProgress, RoomUnavailable
from schemas.kitchen import SnacksSoldOut, SnacksUnknown
from schemas.order.refusals import PriceChanged, QueueRequired, SeatsTaken, TooManyUnpaidOrders
from services.foundation.database import CommitUnknown, Transactions, utc_now
from services.foundation.rpc.idempotency import AlreadyAnswered, IdempotencyKey
from services.order import rules
from services.order.buying import store
from services.order.buying.new_order import NewOrder
from services.order.buying.replies import new_order_reply, quote
from services.order.buying.snack_reservations import SnackReservations
from services.order.cancelling.cancelled_screenings import check_not_cancelled
from services.order.guests import store as guest_store
from services.order.holding import hold_limits
from services.order.order_items import RequestedSnack
from services.order.order_view import Rows
from services.order.paying.unpaid_orders import UnpaidOrders
from services.order.seat_boards import SeatBoards
from services.order.store import ClaimTaken
from services.seating.board_state import BoardCold, SeatsHeld
from services.seating.sale_queue import PassCheck, QueueOpen

ATTEMPTS = 8


@dataclass
class Purchase:
    """One buyer's attempt to have one order."""

    database: Transactions
    boards: SeatBoards
    snacks: SnackReservations
    unpaid_orders: UnpaidOrders
    key: IdempotencyKey
    order: NewOrder
    agreed_total: int | None = None
    most_unpaid_orders: int = 1
    limits: hold_limits.HoldLimits | None = None  # None: for staff
    pass_check: PassCheck | None = None
    has_held: bool = False
    has_reserved: bool = False
    in_doubt: bool = False  # a COMMIT got lost: the order may be there, also when it can't be seen yet

    def complete(self, requested: list[RequestedSnack]) -> dict[str, Any]:
        """Write the order; the reply, or the one given before under the same key.

        Raises SeatsTaken or SnacksSoldOut naming what is gone, PriceChanged or QueueRequired: then nothing is taken.
        """
        try:
            return self._complete(requested)
        except AlreadyAnswered as earlier:
            self._release_snacks()
            return earlier.reply
        except SeatsHeld as held:
            self._release_snacks()
            raise SeatsTaken(seats=held.seats) from None
        except QueueRequired:
            self._release_snacks()  # a copy of the request may have passed, and the hold is also its own
            raise
        except RequestInProgress:
            self._release_snacks()  # the hold on the board is also that of the copy
            raise
        except Exception as problem:
            self._release()
            if self.in_doubt and isinstance(problem, RoomUnavailable):  # which says that nothing was changed
                raise OutcomeUnknown() from problem
            raise

    def _complete(self, requested: list[RequestedSnack]) -> dict[str, Any]:
        self._take_number()
        if not requested:  # else the price is known when the kitchen has reserved them
            self._check_total()
        for _ in range(ATTEMPTS):
            if self._hold_and_write(requested):
                return new_order_reply(self.order)
            if self.key.given:  # the obstacle may have been a copy of the request
                self.database.run(self.key.raise_if_answered)
        raise Busy(retry_after=1)

    def _hold_and_write(self, requested: list[RequestedSnack]) -> bool:
        """Whether the order is written; False: an obstacle was cleared, try again."""
        order, screening = self.order, self.order.screening
        try:
            self.has_held = True
            self.boards.hold(screening.screening_id, order.board_owner, order.expires_at, order.seat_ids,
                             self.pass_check)
            if requested and not self.has_reserved:
                self._reserve_snacks(requested)
                self._check_total()
            self.database.run(self._write)
        except QueueOpen as queue:
            self.database.run(self.key.raise_if_answered)  # a copy may have bought before it opened
            raise QueueRequired(screening_id=screening.screening_id, waiting=queue.waiting,
                                draw_at=queue.drawn_at and queue.drawn_at.isoformat(timespec="milliseconds")) from None
        except BoardCold:
            self.boards.warm(self.database, screening.screening_id, screening.ends_at)
        except ClaimTaken:
            self._end_dead_owners()
        except store.SlotTaken:
            self.order = replace(self.order, unpaid_slot=self._free_slot())
        except store.NumberTaken:
            self._take_number()
        except CommitUnknown:
            return self._is_written()
        else:
            return True
        return False

    def _reserve_snacks(self, requested: list[RequestedSnack]) -> None:
        self.has_reserved = True  # or may have, if there is no answer
        try:
            self.order = replace(self.order, snacks=self.snacks.reserve(self.order, requested))
        except (SnacksSoldOut, SnacksUnknown, RequestInProgress):
            self.has_reserved = False
            raise

    def _check_total(self) -> None:
        if self.agreed_total not in (None, self.order.total):
            self.database.run(self.key.raise_if_answered)  # a copy may have bought at the old price
            raise PriceChanged(quote(self.order))

    def _is_written(self) -> bool:
        self.in_doubt = True
        return self.database.read(lambda tx: store.exists(tx, self.order.order_id))

    def _write(self, tx: Connection) -> None:
        self.key.store_reply(tx, new_order_reply(self.order))
        if self.order.guest:
            guest_store.check_not_adopted(tx, self.order.buyer_id)
        check_not_cancelled(tx, self.order.screening.screening_id)
        store.add_order(tx, self.order)

    def _release(self) -> None:
        if self.has_held:
            self._release_hold()
        self._release_snacks()

    def _release_hold(self) -> None:
        order = self.order
        self.boards.publish_free(order.screening.screening_id, order.board_owner, order.seat_ids)

    def _release_snacks(self) -> None:
        # In doubt they stay: the kitchen takes them back unless it hears of the order.
        if self.has_reserved and not self.in_doubt:
            self.has_reserved = False
            self.snacks.release(self.order.order_id)

    def _end_dead_owners(self) -> None:
        """End dead orders that still own some of the seats. Raises SeatsTaken if a living one does."""
        screening_id, now = self.order.screening.screening_id, utc_now()
        dead = {row.order_id for row in self._owners() if rules.is_dead(row.status, row.held_until, now)}
        for order_id in sorted(dead):
            self.unpaid_orders.end(order_id)
        if owners := self._owners():
            self._release()
            self.boards.publish_owners(screening_id, owners)  # the board had not known them
            raise SeatsTaken(seats=[row.seat_id for row in owners])

    def _owners(self) -> Rows:
        order = self.order
        return self.database.read(lambda tx: store.owners(tx, order.screening.screening_id, order.seat_ids))

    def _take_number(self) -> None:
        """Number the order after the buyer's last one, if the buyer may hold more. Raises TooManyHolds, HoldsPaused.

        Whatever else the buyer gets meanwhile takes this number: then the order is not written, and all is checked
        again.
        """
        if self.limits is None:
            return
        order, now = self.order, utc_now()
        recent = self.database.read(lambda tx: store.recent_orders(tx, order.buyer_id))
        try:
            hold_limits.check(recent, len(order.seats), self.limits, now)
        except Refusal:
            self.database.run(self.key.raise_if_answered)  # what counts may be what a copy has bought
            raise
        taken = {row.unpaid_slot for row in recent if row.screening_id == order.screening.screening_id}
        self.order = replace(order, buyer_number=recent[0].buyer_number + 1 if recent else 1,
                             unpaid_slot=min(self._slots() - taken, default=1))

    def _slots(self) -> set[int]:
        return set(range(1, self.most_unpaid_orders + 1))

    def _free_slot(self) -> int:
        """A free place among the buyer's unpaid orders. Raises TooManyUnpaidOrders when there is none."""
        now = utc_now()
        for row in self._unpaid():
            if rules.is_dead(row.status, row.held_until, now):
                self.unpaid_orders.end(row.order_id)
        free = self._slots() - {row.unpaid_slot for row in self._unpaid()}
        if not free:
            raise TooManyUnpaidOrders(most=self.most_unpaid_orders)
        return min(free)

    def _unpaid(self) -> Rows:
        order = self.order
        return self.database.read(
            lambda tx: store.unpaid_orders(tx, order.screening.screening_id, order.buyer_id))
