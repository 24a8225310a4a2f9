"""What one account may hold unpaid in the whole house, and the pauses of one that lets its orders end."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.order.refusals import HoldsPaused, TooManyHolds
from services.order.holding.hold_limits import HoldLimits, check
from tests.unit.order.samples import MINUTE, NOW

HOUR = 60 * MINUTE
LIMITS = HoldLimits(orders=4, seats=16, dead_holds=4, first_pause=MINUTE, longest_pause=HOUR, memory=6 * HOUR)


def order(status: str, seats: int = 2, ago: dt.timedelta = MINUTE, reason: str | None = None,
          held: dt.timedelta = 8 * MINUTE) -> Any:
    """An order that changed so long ago; an unpaid one is held for so long from now."""
    return SimpleNamespace(status=status, end_reason=reason, seat_count=seats, changed_at=NOW - ago,
                           held_until=NOW + held)


def dropped(ago: dt.timedelta = MINUTE) -> Any:
    return order("cancelled", ago=ago, reason="asked")


def pause(recent: list[Any]) -> float:
    try:
        check(recent, 1, LIMITS, NOW)
    except HoldsPaused as refusal:
        return float(refusal.about["retry_after"])
    return 0.0


def test_a_fifth_unpaid_order_is_refused() -> None:
    recent = [order("created"), order("paying"), order("created")]
    check(recent, 1, LIMITS, NOW)
    with pytest.raises(TooManyHolds) as refusal:
        check([*recent, order("paying")], 1, LIMITS, NOW)
    assert refusal.value.about == {"most_orders": 4, "most_seats": 16}


def test_a_seventeenth_unpaid_seat_is_refused() -> None:
    recent = [order("created", 8), order("paying", 7)]
    check(recent, 1, LIMITS, NOW)
    with pytest.raises(TooManyHolds):
        check(recent, 2, LIMITS, NOW)


def test_only_what_is_still_held_counts() -> None:
    """Paid orders, ended ones, and those past their deadline that no sweep has ended yet."""
    check([order("paid", 8), order("expired", 8), order("created", 8, held=-MINUTE), order("review", 8),
           order("refunded", 8)], 8, LIMITS, NOW)


def test_the_pauses_double_from_the_last_end_up_to_an_hour() -> None:
    assert pause([dropped()] * 3) == 0
    now = dt.timedelta(0)
    assert [pause([dropped(now)] * count) for count in (4, 5, 6, 9, 10, 11, 40)] == [
        60, 120, 240, 32 * 60, 3600, 3600, 3600]
    assert pause([dropped(90 * MINUTE / 60)] * 5) == 30     # 90 s of 120 s are over


def test_an_expired_order_counts_whether_it_was_swept_or_not() -> None:
    expired, unswept = order("expired", ago=dt.timedelta(0)), order("created", held=-dt.timedelta(seconds=1))
    assert pause([expired] * 4) == 60
    assert pause([unswept] * 4) == 59


@pytest.mark.parametrize("harmless", [
    order("paid"), order("cancelled", reason="screening_cancelled"), order("expired", ago=7 * HOUR), order("review")])
def test_what_a_buyer_did_not_let_end_counts_for_nothing(harmless: Any) -> None:
    assert pause([dropped(dt.timedelta(0))] * 3 + [harmless]) == 0


def test_a_paid_order_ends_the_series() -> None:
    assert pause([dropped(dt.timedelta(0))] * 3 + [order("paid")] + [dropped()] * 9) == 0
    assert pause([dropped(dt.timedelta(0))] * 3 + [order("created")] + [dropped()] * 2) == 120
