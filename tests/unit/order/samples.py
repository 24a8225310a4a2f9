"""A moment, a hall and the settings that the tests of the order room share."""

import datetime as dt

from services.order.order_items import Seat
from services.order.screenings.refund_policy import Tier, TierRule
from services.order.settings import OrderSettings, QueueSettings
from services.seating.sale_queue import PassRules

NOW = dt.datetime(2026, 11, 21, 18, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=2)
MINUTE = dt.timedelta(minutes=1)
SETTINGS = OrderSettings(hold=8 * MINUTE, pay=15 * MINUTE, refund_tiers=(TierRule(30 * MINUTE, 100, 0),),
                         seats_per_order=8, unpaid_orders=2, snacks_per_order=2, snacks_of_a_kind=3,
                         queue=QueueSettings(20, MINUTE / 2, PassRules(5, 50, 3 * MINUTE, 1.5 * MINUTE)))
FULL = [Tier(LATER, 100, 0)]
HALL: dict[str, Seat] = {f"F{n}": {"seat_id": f"F{n}", "kind": "standard", "price": 1000 + n} for n in range(1, 12)}
