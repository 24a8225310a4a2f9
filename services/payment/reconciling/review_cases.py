"""The cases that a person has to decide: payments under review, refunds without an end, and reversals."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from schemas.currencies import format_money
from services.payment.reconciling import store
from services.payment.refunding import store as refund_store

WRITE_OFF = "written_off"
WRITE_OFF_ONLY = {WRITE_OFF: "its provider is gone and does not answer any more: the case is closed without it"}
PAYMENT_DECISIONS = {
    "pay": "the money is right: the order is paid",
    "refund": "the money goes back, and the order ends",
    "release": "there is no money: the order ends, and its seats are free",
    **WRITE_OFF_ONLY,
}
REFUND_DECISIONS = {
    "retry": "the refund is sent to the provider once more",
    "settled": "it was paid back in another way",
    **WRITE_OFF_ONLY,
}
REVERSAL_DECISIONS = {
    "void": "the tickets are void, and the rest of the money goes back: the order ends",
    "keep": "the tickets stay valid",
    **WRITE_OFF_ONLY,
}
STUCK_AFTER = dt.timedelta(days=1)   # a refund without an outcome is a case after so long


@dataclass(frozen=True)
class Case:
    """Something to decide. `about` is the id of the payment, refund or reversal, by which it is decided."""

    about: str
    order_id: str
    provider: str
    payment_id: str
    text: str
    decisions: dict[str, str]   # what may be decided, and what each decision means

    def __str__(self) -> str:
        return f"{self.about}  order {self.order_id}  {self.text}  [{' | '.join(self.decisions)}]"


def open_cases(tx: Connection, now: dt.datetime) -> Iterable[Case]:
    """All cases, the oldest of each kind first."""
    for row in store.in_review(tx):
        yield Case(row.payment_id, row.order_id, row.provider, row.payment_id,
                   f"{format_money(row.amount, row.currency)} asked of {row.provider}: {row.reason}",
                   PAYMENT_DECISIONS)
    for row in store.stuck_refunds(tx, now - STUCK_AFTER):
        yield Case(row.refund_id, row.order_id, row.provider, row.payment_id,
                   f"refund of {format_money(row.amount, row.currency)} pending at {row.provider} for more than a day",
                   WRITE_OFF_ONLY)
    for row in store.failed_refunds(tx):
        yield Case(row.refund_id, row.order_id, row.provider, row.payment_id,
                   f"refund of {format_money(row.amount, row.currency)} failed at {row.provider}", REFUND_DECISIONS)
    for row in refund_store.open_reversals(tx):
        yield Case(row.reversal_id, row.order_id, row.provider, row.payment_id,
                   f"{row.kind} of {format_money(row.amount, row.currency)} at {row.provider}, not by us",
                   REVERSAL_DECISIONS)
