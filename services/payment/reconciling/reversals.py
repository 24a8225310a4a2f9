"""Money that has left a payment at its provider without us: refunds made there by hand, and disputes."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection, Row

from schemas import payment as contract
from services.payment import store
from services.payment.models import Payment, Reversal
from services.payment.providers import ReversalRecord
from services.payment.reconciling import refund_credit

AT_A_TIME = 20


def note(tx: Connection, payment_id: str, found: Iterable[ReversalRecord], now: dt.datetime) -> list[ReversalRecord]:
    """Write down what the provider has on record for this payment; those that are news."""
    _, payment = store.lock(tx, payment_id)
    known = {row.reversal_id: row for row in of_payment(tx, payment_id)}
    news = []
    for record in found:
        row = known.get(record.reversal_id)
        stands = row is not None and row.status != "lifted"
        if stands is not record.lifted:
            continue
        if row is None:
            tx.execute(insert(Reversal).values(
                reversal_id=record.reversal_id, payment_id=payment_id, order_id=payment.order_id, kind=record.kind,
                amount=min(record.amount, payment.amount), currency=payment.currency, status="open", created_at=now))
        else:
            tx.execute(update(Reversal).where(Reversal.reversal_id == row.reversal_id)
                       .values(status="lifted" if record.lifted else "open"))
        if record.lifted:
            refund_credit.uncover(tx, payment_id)
        else:
            news.append(record)
    return news


def status(tx: Connection, reversal_id: str) -> str | None:
    """open, void, kept or lifted; None: nobody knows of it."""
    return tx.execute(select(Reversal.status).where(Reversal.reversal_id == reversal_id)).scalar()


def payment_of(tx: Connection, reversal_id: str) -> str:
    """The payment that it was taken from."""
    return str(tx.execute(select(Reversal.payment_id).where(Reversal.reversal_id == reversal_id)).scalar_one())


def open_ones(tx: Connection) -> list[Row[Any]]:
    """Those that somebody has to decide about, the oldest first."""
    query = select(Reversal.__table__, Payment.provider).join(Payment, Payment.payment_id == Reversal.payment_id)
    return list(tx.execute(query.where(Reversal.status == "open").order_by(Reversal.created_at)))


def standing_disputes(tx: Connection, provider: str, since: dt.datetime) -> list[Row[Any]]:
    """Some of those noted since then whose end is not known, others every time."""
    query = select(Reversal.__table__).join(Payment, Payment.payment_id == Reversal.payment_id).where(
        Payment.provider == provider, Reversal.kind == "dispute", Reversal.status != "lifted",
        Reversal.created_at >= since)
    return list(tx.execute(query.order_by(func.rand()).limit(AT_A_TIME)))


def decide(tx: Connection, reversal_id: str, decision: str) -> bool:
    """`void`: the order that was paid with it ends, and its room hears of that; `kept`: its tickets stay good.

    False: it is not open any more.
    """
    row: Any = tx.execute(select(Reversal.__table__).where(Reversal.reversal_id == reversal_id)).one()
    found, payment = store.lock(tx, row.payment_id)
    still = (Reversal.reversal_id == reversal_id) & (Reversal.status == "open")
    if not tx.execute(update(Reversal).where(still).values(status=decision)).rowcount:
        return False
    if decision == "void" and found.captured_by == row.payment_id:
        store.tell(tx, payment, contract.REVERSED, reason=row.kind)
    return True


def of_payment(tx: Connection, payment_id: str) -> list[Row[Any]]:
    """All of this payment, the lifted included."""
    return list(tx.execute(select(Reversal.__table__).where(Reversal.payment_id == payment_id)))
