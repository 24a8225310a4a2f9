"""What a guest may not do, and how many unpaid orders a guest has."""

from types import SimpleNamespace
from typing import Any

import pytest

from schemas.order.refusals import MembersOnly, TooManyHolds
from services.order import rules
from services.order.holding import hold_limits
from services.order.holding.hold_limits import HoldLimits
from tests.unit.order.samples import MINUTE, NOW

LIMITS = HoldLimits(orders=4, seats=16, dead_holds=4, first_pause=MINUTE, longest_pause=MINUTE, memory=MINUTE)


@pytest.mark.parametrize(("choice", "is_refused"), [
    (("card", None, False), False), (("sandbox", None, False), False), (("wallet", None, False), True),
    (("card", "c1", False), True), (("card", None, True), True),
])
def test_a_guest_pays_with_nothing_of_an_account(choice: Any, is_refused: bool) -> None:
    if not is_refused:
        return rules.check_payment_of_guest(*choice)
    with pytest.raises(MembersOnly):
        rules.check_payment_of_guest(*choice)
    return None


@pytest.mark.parametrize("of_accounts", [LIMITS, None])
def test_a_guest_has_one_unpaid_order_whatever_accounts_may_have(of_accounts: HoldLimits | None) -> None:
    limits = hold_limits.of_a_guest(of_accounts)
    unpaid: Any = SimpleNamespace(status="created", end_reason=None, seat_count=2, changed_at=NOW,
                                  held_until=NOW + MINUTE)
    hold_limits.check([], 8, limits, NOW)
    with pytest.raises(TooManyHolds):
        hold_limits.check([unpaid], 1, limits, NOW)
