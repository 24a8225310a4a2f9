"""Work whose caller or process is gone: a timer finds and finishes it."""

import datetime as dt
from dataclasses import dataclass
from functools import partial

from services.foundation.database import Transactions, utc_now
from services.payment import store
from services.payment.job_pool import Job, guarded
from services.payment.payment_processor import PaymentProcessor
from services.payment.payment_state import Attempt
from services.payment.refunding import store as refund_store

# Per status of an attempt, how long it must rest before the timer asks about it.
STALE_AFTER = {"submitted": dt.timedelta(seconds=30),  # longer than any call to this room takes
               "pending": dt.timedelta(minutes=2)}     # longer than a webhook takes
ASKED_AGAIN_AFTER = dt.timedelta(seconds=15)           # while a buyer waits for a pending attempt


@dataclass(frozen=True)
class StaleWork:
    """Finds the payments and refunds that no process works on."""

    payments: PaymentProcessor

    @property
    def _database(self) -> Transactions:
        return self.payments.database

    def jobs(self) -> list[Job]:
        """Jobs that finish some stale payments and refunds."""
        now = utc_now()
        orders = [order_id for status, pause in STALE_AFTER.items() for order_id in self._database.run(
            partial(store.lease_stale_orders, status=status, before=now - pause, now=now))]
        refunds = self._database.run(lambda tx: refund_store.lease_stale(tx, now - STALE_AFTER["submitted"], now))
        return [*(guarded(partial(self.payments.finish_stale, order_id, now), order_id=order_id)
                  for order_id in orders),
                *(guarded(partial(self.payments.refunds.send_stale, refund), order_id=refund.order_id)
                  for refund in refunds)]

    def expedite(self, attempt: Attempt) -> None:
        """Let the next run of the timer ask about a pending attempt, unless one has asked in the last seconds."""
        now = utc_now()
        self._database.run_repeatable(partial(store.make_stale, payment_id=attempt.payment_id,
                                        tried_before=now - ASKED_AGAIN_AFTER,
                                        tried_at=now - STALE_AFTER["pending"]))
