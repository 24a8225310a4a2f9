"""Purchases without a mesh: the order room's tables decide, and no board is in the way."""

from itertools import count
from types import SimpleNamespace
from typing import Any

import eventlet

from schemas.errors import Refusal
from services.foundation.database import Transactions, utc_now
from services.order.buying.new_order import NewOrder
from services.order.buying.purchase import Purchase
from services.order.holding.hold_limits import HoldLimits
from services.order.screenings.screening_snapshot import ScreeningSnapshot
from tests.unit.order.samples import MINUTE

LIMITS = HoldLimits(orders=4, seats=16, dead_holds=4, first_pause=MINUTE, longest_pause=MINUTE, memory=MINUTE)
NUMBERS = count(1)
BOARDS: Any = SimpleNamespace(hold=lambda *seats: eventlet.sleep(0.01), publish_free=lambda *seats: None)
NO_KEY: Any = SimpleNamespace(given=False, raise_if_answered=lambda tx: None, store_reply=lambda tx, reply: None)


def purchase(database: Transactions, seats: int, buyer: str = "ada", limits: HoldLimits | None = LIMITS,
             guest: bool = False) -> str:
    """The outcome of buying so many seats of another screening."""
    number, now = next(NUMBERS), utc_now()
    screening = ScreeningSnapshot(f"s{number}", "Arrival", "kanal", "Kino am Kanal", "Saal 1", now + 60 * MINUTE,
                                  now + 120 * MINUTE, "EUR", {})
    priced: Any = [{"seat_id": f"A{seat + 1}", "kind": "standard", "price": 900} for seat in range(seats)]
    order = NewOrder(f"o{number}", f"b{number}", buyer, screening, priced, [], now, now + 8 * MINUTE, guest=guest)
    try:
        Purchase(database, BOARDS, None, None, NO_KEY, order, None, 2, limits).complete([])  # type: ignore[arg-type]
    except Refusal as refusal:
        return refusal.code
    return "bought"
