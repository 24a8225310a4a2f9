"""How many seats one account, or guest, may hold unpaid in the whole house, and when it has to pause. Pure: no I/O.

An account that lets one order after another end unpaid pauses before the next: the pauses double. A paid order ends
the series.
"""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from schemas.order.refusals import HoldsPaused, TooManyHolds
from services.order import rules

LONGEST_DOUBLING = 30


@dataclass(frozen=True)
class HoldLimits:
    """`dead_holds`: orders in a row that end unpaid without a pause; `memory`: for how long they count."""

    orders: int
    seats: int
    dead_holds: int
    first_pause: dt.timedelta
    longest_pause: dt.timedelta
    memory: dt.timedelta


NO_PAUSES = HoldLimits(orders=1, seats=1000, dead_holds=1000, first_pause=dt.timedelta(0),
                       longest_pause=dt.timedelta(0), memory=dt.timedelta(0))


def of_a_guest(limits: HoldLimits | None) -> HoldLimits:
    """A guest has one unpaid order at a time, whatever accounts may have."""
    return replace(limits or NO_PAUSES, orders=1)


def check(recent: Sequence[Any], seats: int, limits: HoldLimits, now: dt.datetime) -> None:
    """Whether an account may hold this many seats more. Raises TooManyHolds or HoldsPaused.

    `recent`: its last orders, the newest first, as buying/store.recent_orders has them.
    """
    live = [order for order in recent if rules.is_live_unpaid(order.status, order.held_until, now)]
    if len(live) >= limits.orders or sum(order.seat_count for order in live) + seats > limits.seats:
        raise TooManyHolds(most_orders=limits.orders, most_seats=limits.seats)
    ends = list(_ends_of_dead(recent, limits, now))
    if len(ends) < limits.dead_holds:
        return
    doubled = limits.first_pause * 2 ** min(len(ends) - limits.dead_holds, LONGEST_DOUBLING)
    left = max(ends) + min(doubled, limits.longest_pause) - now
    if left > dt.timedelta(0):
        raise HoldsPaused(retry_after=math.ceil(left.total_seconds()))


def _ends_of_dead(recent: Iterable[Any], limits: HoldLimits, now: dt.datetime) -> Iterable[dt.datetime]:
    """When the orders ended that their buyer let end unpaid since the last one that was paid."""
    since_paid = takewhile(lambda order: order.status not in rules.WAS_PAID, recent)
    ends = (_end(order, now) for order in since_paid)
    return (end for end in ends if end and end > now - limits.memory)


def _end(order: Any, now: dt.datetime) -> dt.datetime | None:
    if rules.is_dead(order.status, order.held_until, now):
        return order.held_until
    dropped = order.status == "expired" or (order.status == "cancelled" and order.end_reason == "asked")
    return order.changed_at if dropped else None
