"""More time for a buyer who asks for it, once per order, so that nobody keeps seats from others for ever."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order import rules, store
from services.order.order_view import OrderView
from services.order.replies.serializers import order_reply
from services.order.seat_boards import SeatBoards
from services.order.settings import OrderSettings


@dataclass(frozen=True)
class Extensions:
    """Moving the deadline of unpaid orders on."""

    database: Transactions
    boards: SeatBoards
    settings: OrderSettings

    def extend(self, key: IdempotencyKey, buyer_id: str, order_id: str) -> dict[str, Any]:
        """Hold an unpaid order's seats longer; the reply, a schemas.order.Order. Raises the refusals of EXTEND.

        The order is locked, as by a payment, a cancellation and the sweep: whichever is first decides. The board
        follows the database; until it has, a rival meets the claim in the database.
        """
        view = self.database.run(lambda tx: self._extend(tx, key, buyer_id, order_id))
        row = view.row
        self.boards.publish_held(row.screening_id, row.board_owner, row.expires_at, view.seat_ids)
        return order_reply(view, utc_now())

    def _extend(self, tx: Connection, key: IdempotencyKey, buyer_id: str, order_id: str) -> OrderView:
        key.raise_if_answered(tx)
        view, now = store.lock(tx, order_id, buyer_id), utc_now()
        row = view.row
        rules.check_extendable(row.status, row.extended, row.expires_at, row.starts_at, now)
        store.change(tx, view, "extended", extended=True, expires_at=rules.extended_deadline(
            row.expires_at, row.starts_at, self.settings.extension))
        extended = store.find(tx, order_id)
        key.store_reply(tx, order_reply(extended, now))
        return extended
