"""The sandbox: a provider that moves play money, with a ledger of its own beside the room's tables.

Without a page it says yes to every charge; at its page (sandbox_checkout.py) the buyer decides. A test that wants
trouble tells it so for one order with `instruct`.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeVar

import eventlet
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection

from schemas.errors import RoomSilent, RoomUnavailable
from services.foundation.database import CommitUnknown, Transactions, utc_now
from services.payment.models import SandboxCharge, SandboxInstruction, SandboxRefund
from services.payment.providers import RefundRecord, RefundStanding, ReversalRecord, WebhookEvent
from services.payment.rules import Attempt, Charge, Record
from services.payment.sandbox import webhooks

Trouble = Literal["decline", "time_out", "slow", "lose_authorize", "lose_capture", "lose_cancel", "lose_refund",
                  "lose_fetch", webhooks.Trouble]
SLOW_SECONDS = 0.2
OPEN = ("pending", "challenged")   # the buyer is at the page
T = TypeVar("T")


def instruct(tx: Connection, order_id: str, trouble: Trouble, times: int = 1) -> None:
    """The next `times` times with this order: decline, be slow, do nothing and give no answer (time_out), do what was
    asked and lose the answer (lose_...), or bring a webhook twice, late, after later ones, or not at all."""
    row = {"order_id": order_id, "trouble": trouble, "times": times}
    tx.execute(upsert(SandboxInstruction).values(row).on_duplicate_key_update(times=times))


def due(tx: Connection, order_id: str, *troubles: str) -> set[str]:
    """Which of these it was told to make now; that counts as one of the times."""
    mine = (SandboxInstruction.order_id == order_id) & SandboxInstruction.trouble.in_(troubles)
    told = set(tx.execute(select(SandboxInstruction.trouble).where(mine, SandboxInstruction.times > 0)).scalars())
    if told:
        once_less = update(SandboxInstruction).where(mine, SandboxInstruction.times > 0)
        tx.execute(once_less.values(times=SandboxInstruction.times - 1))
    return told


def move(tx: Connection, payment_id: str, before: tuple[str, ...], status: str, **more: Any) -> bool:
    """Whether the charge was in one of these states until now, and its owner will hear of the new one."""
    here = (SandboxCharge.payment_id == payment_id) & SandboxCharge.status.in_(before)
    moved = bool(tx.execute(update(SandboxCharge).where(here).values(status=status, **more)).rowcount)
    if moved and status not in OPEN:
        order_id = tx.execute(find(payment_id)).one().order_id
        troubles = due(tx, order_id, *webhooks.TROUBLES)
        webhooks.write(tx, payment_id, f"payment.{status}", troubles)
    return moved


def expire(tx: Connection, payment_id: str) -> None:
    """After its time a page takes no payment any more."""
    late = select(SandboxCharge.payment_id).where(SandboxCharge.payment_id == payment_id,
                                                  SandboxCharge.expires_at < utc_now())
    if tx.execute(late).first():
        move(tx, payment_id, OPEN, "cancelled")


def find(payment_id: str) -> Any:
    return select(SandboxCharge.__table__).where(SandboxCharge.payment_id == payment_id)


class Sandbox:
    """A Provider."""

    live = False

    def __init__(self, database: Transactions) -> None:
        self._database = database

    def check(self, amount: int, currency: str) -> None:
        """It takes anything."""

    def authorize(self, attempt: Attempt) -> Record:
        def work(tx: Connection) -> None:
            status = "pending" if attempt.hosted else "authorized"
            declined = not attempt.hosted and due(tx, attempt.order_id, "decline")
            row = {"payment_id": attempt.payment_id, "order_id": attempt.order_id, "amount": attempt.amount,
                   "currency": attempt.currency, "status": "declined" if declined else status, "refunded": 0,
                   "created_at": utc_now(), "return_url": attempt.return_url, "expires_at": attempt.expires_at,
                   "wrong_codes": 0}
            tx.execute(upsert(SandboxCharge).values(row).on_duplicate_key_update(payment_id=attempt.payment_id))

        return self._record("authorize", attempt, work)

    def capture(self, attempt: Attempt) -> Record:
        return self._record("capture", attempt,
                            lambda tx: move(tx, attempt.payment_id, ("authorized",), "captured"))

    def cancel(self, attempt: Attempt) -> Record:
        return self._record("cancel", attempt,
                            lambda tx: move(tx, attempt.payment_id, ("authorized", *OPEN), "cancelled"))

    def fetch(self, attempt: Attempt) -> Record:
        return self._record("fetch", attempt, lambda tx: expire(tx, attempt.payment_id))

    def refund(self, attempt: Attempt, refund_id: str, amount: int) -> RefundStanding:
        def work(tx: Connection) -> RefundStanding:
            tx.execute(find(attempt.payment_id).with_for_update()).one()
            if tx.execute(select(SandboxRefund.amount).where(SandboxRefund.refund_id == refund_id)).first() is None:
                tx.execute(insert(SandboxRefund).values(refund_id=refund_id, payment_id=attempt.payment_id,
                                                        amount=amount, created_at=utc_now()))
                tx.execute(update(SandboxCharge).where(SandboxCharge.payment_id == attempt.payment_id)
                           .values(refunded=SandboxCharge.refunded + amount))
            return "done"

        return self._answer("refund", attempt, work)

    def fetch_refund(self, attempt: Attempt, refund_id: str) -> RefundStanding | None:
        known = select(SandboxRefund.amount).where(SandboxRefund.refund_id == refund_id)
        return "done" if self._run(lambda tx: tx.execute(known).first()) else None

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
        return webhooks.read(self._database.read(webhooks.secrets), body, headers, now)

    def payment_of(self, reference: str) -> str | None:
        return None  # it calls them as we do

    def reversals_of(self, attempt: Attempt) -> list[ReversalRecord]:
        return []    # nobody but us moves this money

    def reversals(self, since: dt.datetime) -> Iterator[ReversalRecord]:
        return iter(())

    def payments(self, since: dt.datetime) -> Iterator[Record]:
        begun = select(SandboxCharge.__table__).where(SandboxCharge.created_at >= since)
        yield from map(_as_record, self._run(lambda tx: tx.execute(begun).all()))

    def refunds(self, since: dt.datetime) -> Iterator[RefundRecord]:
        begun = select(SandboxRefund.__table__).where(SandboxRefund.created_at >= since)
        for row in self._run(lambda tx: tx.execute(begun).all()):
            yield RefundRecord(row.refund_id, row.payment_id, row.amount, "done")

    def _record(self, what: str, charge: Charge, work: Callable[[Connection], object]) -> Record:
        def do(tx: Connection) -> Record:
            work(tx)
            row = tx.execute(find(charge.payment_id)).first()
            return _as_record(row) if row else Record("unknown")

        return self._answer(what, charge, do)

    def _answer(self, what: str, charge: Charge, work: Callable[[Connection], T]) -> T:
        """What `work` returns, unless it was told to be trouble."""
        def do(tx: Connection) -> tuple[T | None, set[str]]:
            troubles = due(tx, charge.order_id, "slow", "time_out", f"lose_{what}")
            return (None if "time_out" in troubles else work(tx)), troubles

        answer, troubles = self._run(do)
        if "slow" in troubles:
            eventlet.sleep(SLOW_SECONDS)
        if answer is None or troubles - {"slow"}:
            raise RoomSilent(room="sandbox")
        return answer

    def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            return self._database.run(work)
        except (CommitUnknown, RoomUnavailable):  # which a provider at the other end of a wire could not tell apart
            raise RoomSilent(room="sandbox") from None


def _as_record(row: Any) -> Record:
    hosted = row.return_url is not None
    return Record("pending" if row.status in OPEN else row.status, row.payment_id, row.order_id, row.amount,
                  row.currency, live=False, reference=row.payment_id, reason=row.reason,
                  refunded=row.refunded, redirect_url=f"/payment/sandbox/{row.payment_id}" if hosted else None)
