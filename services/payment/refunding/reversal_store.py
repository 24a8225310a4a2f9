"""The `reversal` table: refunds made at the provider by hand, and disputes."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection, Row

from schemas import payment as contract
from services.payment import store
from services.payment.models import Payment, Reversal
from services.payment.providers import ReversalRecord
from services.payment.refunding import refund_credit

BATCH = 20


def record(tx: Connection, payment_id: str, found: Iterable[ReversalRecord], now: dt.datetime) -> list[ReversalRecord]:
    """Record the reversals that the provider has for this payment; those that are new or stand again."""
    _, payment = store.lock_payment(tx, payment_id)
    known = {row.reversal_id: row for row in of_payment(tx, payment_id)}
    news = []
    for each in found:
        row = known.get(each.reversal_id)
        stands = row is not None and row.status != "lifted"
        if stands is not each.lifted:
            continue
        if row is None:
            tx.execute(insert(Reversal).values(
                reversal_id=each.reversal_id, payment_id=payment_id, order_id=payment.order_id, kind=each.kind,
                amount=min(each.amount, payment.amount), currency=payment.currency, status="open", created_at=now))
        else:
            tx.execute(update(Reversal).where(Reversal.reversal_id == row.reversal_id)
                       .values(status="lifted" if each.lifted else "open"))
        if each.lifted:
            refund_credit.uncover(tx, payment_id)
        else:
            news.append(each)
    return news


def status(tx: Connection, reversal_id: str) -> str | None:
    """open, void, kept or lifted; None: this reversal was never recorded."""
    return tx.execute(select(Reversal.status).where(Reversal.reversal_id == reversal_id)).scalar()


def payment_and_kind(tx: Connection, reversal_id: str) -> tuple[str, str]:
    """The id of the payment that the reversal took money from, and its kind: refund or dispute."""
    row = tx.execute(select(Reversal.payment_id, Reversal.kind).where(Reversal.reversal_id == reversal_id)).one()
    return row.payment_id, row.kind


def open_reversals(tx: Connection) -> list[Row[Any]]:
    """The reversals that wait for a decision, the oldest first."""
    query = select(Reversal.__table__, Payment.provider).join(Payment, Payment.payment_id == Reversal.payment_id)
    return list(tx.execute(query.where(Reversal.status == "open").order_by(Reversal.created_at)))


def sample_disputes(tx: Connection, provider: str, since: dt.datetime) -> list[Row[Any]]:
    """A random sample of the disputes recorded since then that were not lifted."""
    query = select(Reversal.__table__).join(Payment, Payment.payment_id == Reversal.payment_id).where(
        Payment.provider == provider, Reversal.kind == "dispute", Reversal.status != "lifted",
        Reversal.created_at >= since)
    return list(tx.execute(query.order_by(func.rand()).limit(BATCH)))


def decide(tx: Connection, reversal_id: str, decision: str) -> bool:
    """Decide an open reversal: `void` ends the order that was paid with it, `kept` leaves its tickets valid.

    False: it is not open any more.
    """
    row: Any = tx.execute(select(Reversal.__table__).where(Reversal.reversal_id == reversal_id)).one()
    found, payment = store.lock_payment(tx, row.payment_id)
    is_open = (Reversal.reversal_id == reversal_id) & (Reversal.status == "open")
    if not tx.execute(update(Reversal).where(is_open).values(status=decision)).rowcount:
        return False
    if decision == "void" and found.captured_by == row.payment_id:
        store.record_event(tx, payment, contract.REVERSED, reason=row.kind)
    return True


def of_payment(tx: Connection, payment_id: str) -> list[Row[Any]]:
    """All reversals of this payment, including lifted ones."""
    return list(tx.execute(select(Reversal.__table__).where(Reversal.payment_id == payment_id)))
