"""The sandbox: a provider that moves test money, with a ledger of its own beside the room's tables.

Without a page it accepts every charge; at its page (checkout.py) the buyer decides. A test makes it misbehave for one
order with `inject_fault`.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any, TypeVar

import eventlet
from opentelemetry.trace import SpanKind
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection

from schemas.errors import RoomSilent, RoomUnavailable
from services.foundation.database import CommitUnknown, Transactions, utc_now
from services.foundation.tracing import spans, trace_context
from services.payment.models import SandboxCharge, SandboxRefund
from services.payment.payment_state import Attempt, CardRecord, Charge, PaymentRecord
from services.payment.providers import RefundRecord, RefundStatus, ReversalRecord, WebhookEvent
from services.payment.sandbox import cards, webhooks
from services.payment.sandbox.faults import take_faults

SLOW_SECONDS = 0.2
OPEN = ("pending", "challenged")   # the buyer is at the page
T = TypeVar("T")


def move(tx: Connection, payment_id: str, before: tuple[str, ...], status: str, **more: Any) -> bool:
    """Whether the charge had one of these statuses until now; then it has the new one, and a webhook says so."""
    here = (SandboxCharge.payment_id == payment_id) & SandboxCharge.status.in_(before)
    moved = bool(tx.execute(update(SandboxCharge).where(here).values(status=status, **more)).rowcount)
    if moved and status not in OPEN:
        charge = tx.execute(find(payment_id)).one()
        webhooks.add(tx, payment_id, f"payment.{status}", take_faults(tx, charge.order_id, *webhooks.FAULTS),
                     charge.traceparent)
    return moved


def expire(tx: Connection, payment_id: str) -> None:
    """Cancel the payment if the time of its page is over."""
    late = select(SandboxCharge.payment_id).where(SandboxCharge.payment_id == payment_id,
                                                  SandboxCharge.expires_at < utc_now())
    if tx.execute(late).first():
        move(tx, payment_id, OPEN, "cancelled")


def find(payment_id: str) -> Any:
    """The query for the charge of this payment."""
    return select(SandboxCharge.__table__).where(SandboxCharge.payment_id == payment_id)


class Sandbox:
    """A Provider."""

    live = False
    missing_permissions: Set[str] = frozenset()

    def __init__(self, database: Transactions) -> None:
        self._database = database

    def check(self, amount: int, currency: str) -> None:
        """The sandbox takes any amount."""

    def authorize(self, attempt: Attempt) -> PaymentRecord:
        def work(tx: Connection) -> None:
            status = cards.first_status(tx, attempt)
            row = {"payment_id": attempt.payment_id, "order_id": attempt.order_id, "amount": attempt.amount,
                   "currency": attempt.currency, "status": status, "refunded": 0, "created_at": utc_now(),
                   "reason": "declined" if status == "declined" else None, "return_url": attempt.return_url,
                   "expires_at": attempt.expires_at, "wrong_codes": 0, "save_card": attempt.save_card,
                   "traceparent": trace_context.traceparent()}
            tx.execute(upsert(SandboxCharge).values(row).on_duplicate_key_update(payment_id=attempt.payment_id))

        return self._record("authorize", attempt, work)

    def capture(self, attempt: Attempt) -> PaymentRecord:
        return self._record("capture", attempt,
                            lambda tx: move(tx, attempt.payment_id, ("authorized",), "captured"))

    def cancel(self, attempt: Attempt) -> PaymentRecord:
        return self._record("cancel", attempt,
                            lambda tx: move(tx, attempt.payment_id, ("authorized", *OPEN), "cancelled"))

    def fetch(self, attempt: Attempt) -> PaymentRecord:
        return self._record("fetch", attempt, lambda tx: expire(tx, attempt.payment_id))

    def card_of(self, attempt: Attempt) -> CardRecord | None:
        return self._run(lambda tx: cards.card_of(tx, attempt))

    def detach(self, token: str) -> None:
        self._run(lambda tx: cards.detach(tx, token))

    def refund(self, attempt: Attempt, refund_id: str, amount: int) -> RefundStatus:
        def work(tx: Connection) -> RefundStatus:
            tx.execute(find(attempt.payment_id).with_for_update()).one()
            if tx.execute(select(SandboxRefund.amount).where(SandboxRefund.refund_id == refund_id)).first() is None:
                tx.execute(insert(SandboxRefund).values(refund_id=refund_id, payment_id=attempt.payment_id,
                                                        amount=amount, created_at=utc_now()))
                tx.execute(update(SandboxCharge).where(SandboxCharge.payment_id == attempt.payment_id)
                           .values(refunded=SandboxCharge.refunded + amount))
            return "done"

        return self._answer("refund", attempt, work)

    def fetch_refund(self, attempt: Attempt, refund_id: str) -> RefundStatus | None:
        known = select(SandboxRefund.amount).where(SandboxRefund.refund_id == refund_id)
        return "done" if self._run(lambda tx: tx.execute(known).first()) else None

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
        return webhooks.read(self._database.read(webhooks.secrets), body, headers, now)

    def payment_of(self, reference: str) -> str | None:
        return None  # it uses our ids

    def reversals_of(self, attempt: Attempt) -> list[ReversalRecord]:
        return []    # its money is moved by this system alone

    def reversals(self, since: dt.datetime) -> Iterator[ReversalRecord]:
        return iter(())

    def payments(self, since: dt.datetime) -> Iterator[PaymentRecord]:
        begun = select(SandboxCharge.__table__).where(SandboxCharge.created_at >= since)
        yield from map(_as_record, self._run(lambda tx: tx.execute(begun).all()))

    def refunds(self, since: dt.datetime) -> Iterator[RefundRecord]:
        begun = select(SandboxRefund.__table__).where(SandboxRefund.created_at >= since)
        for row in self._run(lambda tx: tx.execute(begun).all()):
            yield RefundRecord(row.refund_id, row.payment_id, row.amount, "done")

    def _record(self, call: str, charge: Charge, work: Callable[[Connection], object]) -> PaymentRecord:
        def do(tx: Connection) -> PaymentRecord:
            work(tx)
            row = tx.execute(find(charge.payment_id)).first()
            return _as_record(row) if row else PaymentRecord("unknown")

        return self._answer(call, charge, do)

    def _answer(self, call: str, charge: Charge, work: Callable[[Connection], T]) -> T:
        """What `work` returns, unless a fault was injected."""
        def do(tx: Connection) -> tuple[T | None, set[str]]:
            faults = take_faults(tx, charge.order_id, "slow", "time_out", f"lose_{call}")
            return (None if "time_out" in faults else work(tx)), faults

        with spans.span(f"sandbox {call}", SpanKind.CLIENT, {"marquee.peer": "provider"}):
            answer, faults = self._run(do)
            if "slow" in faults:
                eventlet.sleep(SLOW_SECONDS)
            if answer is None or faults - {"slow"}:
                raise RoomSilent(room="sandbox")
            return answer

    def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            return self._database.run(work)
        except (CommitUnknown, RoomUnavailable):  # a provider over the network could not tell these apart
            raise RoomSilent(room="sandbox") from None


def _as_record(row: Any) -> PaymentRecord:
    hosted = row.return_url is not None
    return PaymentRecord("pending" if row.status in OPEN else row.status, row.payment_id, row.order_id, row.amount,
                         row.currency, live=False, reference=row.payment_id, reason=row.reason,
                         redirect_url=f"/payment/sandbox/{row.payment_id}" if hosted else None)
