"""The sandbox's records of an order, and a sandbox in which a test acts between two steps."""

import datetime as dt
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nameko import config
from sqlalchemy import select, text, update
from sqlalchemy.engine import Connection

from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.standalone_client import StandaloneCaller
from services.payment.models import Payment, Refund, SandboxWebhook
from services.payment.payment_state import Attempt, PaymentRecord
from services.payment.reconciling import reconciler
from services.payment.reconciling.difference import Difference
from services.payment.sandbox import faults, provider, webhooks
from services.payment.settings import load
from services.payment.webhook_signatures import sign


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

    def will(self, trouble: faults.Fault, times: int = 1) -> None:
        self.database.run(lambda tx: faults.inject_fault(tx, self.order_id, trouble, times))

    def webhooks(self) -> list[dict[str, Any]]:
        """The sandbox's webhooks about the order's payments, as the gateway passes them to the room."""
        def written(tx: Connection) -> list[Any]:
            told = select(SandboxWebhook.__table__).join(Payment, Payment.payment_id == SandboxWebhook.payment_id)
            return list(tx.execute(told.where(Payment.order_id == self.order_id).order_by(SandboxWebhook.event_id)))

        secret = self.database.run(webhooks.signing_secrets)[0]
        return [envelope(webhooks.webhook_body(row), secret) for row in self.database.read(written)]

    def let_time_pass(self, seconds: float = 3600) -> None:
        """Make the order's unfinished payments and refunds stale by so many seconds."""
        long_ago = utc_now() - dt.timedelta(seconds=seconds)

        def make_old(tx: Connection) -> None:
            for table in (Payment, Refund):
                tx.execute(update(table).where(table.order_id == self.order_id).values(tried_at=long_ago))

        self.database.run(make_old)


def envelope(body: bytes, secret: str, seconds: float | None = None) -> dict[str, Any]:
    """A webhook of the sandbox as the gateway passes it to the room."""
    signature = sign(secret, body, int(time.time() if seconds is None else seconds))
    return {"provider": "sandbox", "body": b64encode(body).decode(), "headers": {webhooks.HEADER: signature}}


def reconcile(database: Transactions) -> list[Difference]:
    """Compare the records of the room and of its providers, with the settings of this moment; what differed."""
    return reconciler.reconcile(database, load(config), StandaloneCaller())


class WatchedSandbox(provider.Sandbox):
    """The sandbox with an action that runs once, before or after it authorizes or captures."""

    def __init__(self, database: Transactions, moment: str, happening: Callable[[], object]) -> None:
        super().__init__(database)
        self._happenings = {moment: happening}

    def _now_is(self, moment: str) -> None:
        self._happenings.pop(moment, lambda: None)()

    def authorize(self, attempt: Attempt) -> PaymentRecord:
        self._now_is("before authorize")
        record = super().authorize(attempt)
        self._now_is("after authorize")
        return record

    def capture(self, attempt: Attempt) -> PaymentRecord:
        self._now_is("before capture")
        record = super().capture(attempt)
        self._now_is("after capture")
        return record
