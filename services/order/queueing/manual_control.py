"""Opening and closing a screening's queue by hand, which the operation log keeps.

The queue is changed before COMMIT. If that fails, the manager hears of it and repeats it, which changes nothing more.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Connection

from schemas.base import Method
from schemas.order import OPERATED
from services.foundation.database import Transactions
from services.foundation.events.operations import write_operation
from services.foundation.rpc.calls import Principal
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order.models import OUTBOX
from services.order.screenings.screening_snapshot import ScreeningSnapshot
from services.seating.sale_queue import QueueChange


def change_queue(database: Transactions, key: IdempotencyKey, manager: Principal, method: Method,
                 screening: ScreeningSnapshot, reason: str | None, change: Callable[[], QueueChange]) -> dict[str, Any]:
    """Make a `change` of the screening's queue, and log it; the reply, a schemas.order.queue.QueueReply."""
    def change_and_log(tx: Connection) -> dict[str, Any]:
        queue = change()
        write_operation(tx, OUTBOX, OPERATED, manager, method, about=screening.screening_id,
                        cinema_id=screening.cinema_id, before=_values(queue.before, queue.drawn_at_before),
                        after=_values(queue.mode, queue.drawn_at), reason=reason)
        return {"screening_id": screening.screening_id, "mode": queue.mode, "draw_at": queue.drawn_at,
                "waiting": queue.waiting, "passes": queue.passes}

    return key.run_once(database, change_and_log)


def _values(mode: str, drawn_at: dt.datetime | None) -> dict[str, Any]:
    return {"queue": mode, "draw_at": drawn_at.isoformat() if drawn_at else None}
