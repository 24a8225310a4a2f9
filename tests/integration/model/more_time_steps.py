"""What buyers do who are not ready to pay yet."""

from hypothesis import strategies as st

from schemas import order
from tests.integration.model.cinema import Request
from tests.integration.model.orders import UNPAID, Intent
from tests.integration.model.predictions import of_extending
from tests.integration.model.steps import PICK, Steps, precondition, rule


class MoreTimeSteps(Steps):
    @precondition(lambda self: any(each.status in UNPAID for each in self.orders))
    @rule(pick=PICK, keyed=st.booleans())
    def ask_for_more_time(self, pick: int, keyed: bool) -> None:
        mine = self.order(pick, *UNPAID)
        self.cinema.send(Request(order.EXTEND, self.principal(mine.buyer, keyed), {"order_id": mine.order_id},
                                 lambda: Intent("extend", mine),
                                 lambda intent: of_extending(mine, self.cinema.now)))
