"""The sandbox's bank as an auditor sees it, and a sandbox in which things happen at the worst moment."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text, update
from sqlalchemy.engine import Connection

from services.foundation.database import Transactions, utc_now
from services.payment import sandbox
from services.payment.models import Payment, Refund
from services.payment.providers import Standing
from services.payment.rules import Charge


@dataclass
class Bank:
    database: Transactions
    order_id: str

    def _number(self, query: str) -> int:
        return int(self.database.read(lambda tx: tx.execute(text(query), {"order": self.order_id}).scalar() or 0))

    @property
    def charges(self) -> int:
        return self._number("SELECT COUNT(*) FROM sandbox_charge WHERE order_id = :order")

    @property
    def taken(self) -> int:
        return self._number("SELECT SUM(amount) FROM sandbox_charge WHERE order_id = :order AND status = 'captured'")

    @property
    def given_back(self) -> int:
        return self._number("SELECT SUM(r.amount) FROM sandbox_refund r JOIN sandbox_charge c USING (payment_id) "
                            "WHERE c.order_id = :order")

    def will(self, trouble: sandbox.Trouble, times: int = 1) -> None:
        self.database.run(lambda tx: sandbox.instruct(tx, self.order_id, trouble, times))

    def let_time_pass(self) -> None:
        """Whatever of this order is unfinished was left alone long ago."""
        long_ago = utc_now() - dt.timedelta(hours=1)

        def make_old(tx: Connection) -> None:
            for table in (Payment, Refund):
                tx.execute(update(table).where(table.order_id == self.order_id).values(tried_at=long_ago))

        self.database.run(make_old)


class WatchedSandbox(sandbox.Sandbox):
    """The sandbox, with something happening once, before or after it authorizes or captures."""

    def __init__(self, database: Transactions, moment: str, happening: Callable[[], object]) -> None:
        super().__init__(database)
        self._happenings = {moment: happening}

    def _now_is(self, moment: str) -> None:
        self._happenings.pop(moment, lambda: None)()

    def authorize(self, charge: Charge) -> Standing:
        self._now_is("before authorize")
        standing = super().authorize(charge)
        self._now_is("after authorize")
        return standing

    def capture(self, payment_id: str) -> Standing:
        self._now_is("before capture")
        standing = super().capture(payment_id)
        self._now_is("after capture")
        return standing
