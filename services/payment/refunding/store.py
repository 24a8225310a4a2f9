"""The `refund` and `reversal` tables: each refund takes effect once, and no money goes back twice.

A reversal is a refund made at the provider by hand, or a dispute. Its money is a credit of the payment: it counts for
refunds of the same payment. A row of `refund` is covered by the credit as a whole or not at all; a refund that is
covered in part becomes two rows, each with a status of its own.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from prometheus_client import Counter
from sqlalchemy import ColumnElement, case, func, insert, select, update
from sqlalchemy.engine import Connection, Row

from schemas import payment as contract
from services.foundation import metrics
from services.foundation.ids import new_id
from services.payment import rules, store
from services.payment.models import Account, Payment, Refund, Reversal
from services.payment.payment_state import RefundRequest
from services.payment.providers import ReversalRecord

BATCH = 20
GIVEN_BACK = Counter("marquee_refunded_minor_units_total", "Money that was given back, in minor units.", ["currency"])
# Which provider gives a refund back: the wallet if it goes there, else the one that took the payment.
refunded_by = case((Refund.credit_to.is_not(None), "wallet"), else_=Payment.provider)


# --- refunds ---


def request(tx: Connection, wanted: RefundRequest, now: dt.datetime) -> Row[Any]:
    """The row of the requested refund, whether it is done or not. Raises AmountMismatch."""
    state = store.payment_state(tx, wanted.order_id, lock=True)
    if known := find(tx, wanted.refund_id):
        rules.check_same_refund(known, known.amount + _split_amount(tx, known.refund_id), wanted)
        return known
    payment_id = rules.refundable_payment(state, wanted.amount, wanted.currency)
    # A reversal may have been made in place of a refund that is owed: that part of the credit is not for this one.
    credit = _credit(tx, payment_id) - _owed(tx, payment_id)
    tx.execute(insert(Refund).values(**asdict(wanted), payment_id=payment_id, status="requested", attempt=1, covered=0,
                                     created_at=now, tried_at=now))
    _cover(tx, find(tx, wanted.refund_id), credit)
    store.update_account(tx, state.order_id, now, refunded=Account.refunded + wanted.amount)
    return find(tx, wanted.refund_id)


def record_end(tx: Connection, refund: Row[Any], status: str) -> None:
    """Record that this attempt of a refund is `done` or has `failed`, which may follow after `done`."""
    before = ("requested",) if status == "done" else ("requested", "done")
    changed = tx.execute(update(Refund).where(Refund.refund_id == refund.refund_id, Refund.attempt == refund.attempt,
                                              Refund.status.in_(before)).values(status=status)).rowcount
    if changed and status == "done":
        metrics.count_after_commit(tx, GIVEN_BACK.labels(refund.currency), refund.amount)


def retry(tx: Connection, refund_id: str, now: dt.datetime) -> Row[Any]:
    """Start another attempt at the part of a failed refund that has not gone back since; its row afterwards."""
    failed, credit = _lock(tx, refund_id)
    if failed.status == "failed":
        tx.execute(update(Refund).where(Refund.refund_id == refund_id)
                   .values(status="requested", attempt=Refund.attempt + 1, tried_at=now))
        _cover(tx, failed, credit)
    return find(tx, refund_id)


def settle(tx: Connection, refund_id: str) -> None:
    """Record that a person has paid a failed refund back in another way: at the provider by hand, or in cash."""
    failed, credit = _lock(tx, refund_id)
    if failed.status == "failed":
        covered = failed.amount if credit >= failed.amount else 0
        tx.execute(update(Refund).where(Refund.refund_id == refund_id).values(status="settled", covered=covered))


def settle_from_credit(tx: Connection, refund: Row[Any]) -> bool:
    """Settle a refund that the provider does not have, if as much money has gone back by reversals.

    True: the refund need not be sent any more.
    """
    found, credit = _lock(tx, refund.refund_id)
    if (found.status, found.attempt) == ("requested", refund.attempt) and credit >= found.amount:
        _cover(tx, found, credit)
        return True
    return bool(found.status != "requested")


def write_off(tx: Connection, refund_id: str) -> None:
    """Close a refund whose provider can't be asked any more."""
    unsettled = (Refund.refund_id == refund_id) & Refund.status.in_(("failed", "requested"))
    tx.execute(update(Refund).where(unsettled).values(status="written_off"))


def revocable(tx: Connection, payment_id: str) -> list[Row[Any]]:
    """The refunds of a payment whose status at the provider may still change."""
    query = select(Refund.__table__).where(Refund.payment_id == payment_id, Refund.status.in_(("requested", "done")))
    return list(tx.execute(query))


def lease_stale(tx: Connection, before: dt.datetime, now: dt.datetime) -> list[Row[Any]]:
    """Refunds that no process has tried to send since `before`; other processes then leave them alone as long."""
    return [find(tx, refund_id) for refund_id in store.lease(tx, Refund, Refund.refund_id, "requested", before, now)]


def find(tx: Connection, refund_id: str) -> Any:
    """The row of a refund, with the provider that gives it back."""
    query = select(Refund.__table__, refunded_by.label("provider")).join_from(Refund, Payment)
    return tx.execute(query.where(Refund.refund_id == refund_id)).first()


def _lock(tx: Connection, refund_id: str) -> tuple[Any, int]:
    """The refund and the credit of its payment, while the order's account is locked."""
    payment_id = find(tx, refund_id).payment_id
    store.lock_payment(tx, payment_id)
    return find(tx, refund_id), _credit(tx, payment_id)


# --- reversals ---


def record_reversals(tx: Connection, payment_id: str, found: Iterable[ReversalRecord],
                     now: dt.datetime) -> list[ReversalRecord]:
    """Record the reversals that the provider has for this payment; those that are new or stand again."""
    _, payment = store.lock_payment(tx, payment_id)
    known = {row.reversal_id: row for row in reversals_of(tx, payment_id)}
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
            _uncover(tx, payment_id)
        else:
            news.append(each)
    return news


def reversal_status(tx: Connection, reversal_id: str) -> str | None:
    """open, void, kept or lifted; None: this reversal was never recorded."""
    return tx.execute(select(Reversal.status).where(Reversal.reversal_id == reversal_id)).scalar()


def find_reversal(tx: Connection, reversal_id: str) -> Any:
    """The row of a reversal that was recorded."""
    return tx.execute(select(Reversal.__table__).where(Reversal.reversal_id == reversal_id)).one()


def open_reversals(tx: Connection) -> list[Row[Any]]:
    """The reversals that wait for a decision, the oldest first, each with its payment's provider."""
    query = select(Reversal.__table__, Payment.provider).join(Payment, Payment.payment_id == Reversal.payment_id)
    return list(tx.execute(query.where(Reversal.status == "open").order_by(Reversal.created_at)))


def sample_disputes(tx: Connection, provider: str, since: dt.datetime) -> list[Row[Any]]:
    """A random sample of the disputes recorded since then that were not lifted."""
    query = select(Reversal.__table__).join(Payment, Payment.payment_id == Reversal.payment_id).where(
        Payment.provider == provider, Reversal.kind == "dispute", Reversal.status.in_(("open", "void", "kept")),
        Reversal.created_at >= since)
    return list(tx.execute(query.order_by(func.rand()).limit(BATCH)))


def decide_reversal(tx: Connection, reversal_id: str, decision: str) -> bool:
    """Decide an open reversal: `void` ends the order that was paid with it, `kept` leaves its tickets valid.

    False: it is not open any more.
    """
    row = find_reversal(tx, reversal_id)
    found, payment = store.lock_payment(tx, row.payment_id)
    is_open = (Reversal.reversal_id == reversal_id) & (Reversal.status == "open")
    if not tx.execute(update(Reversal).where(is_open).values(status=decision)).rowcount:
        return False
    if decision == "void" and found.captured_by == row.payment_id:
        store.record_event(tx, payment, contract.REVERSED, reason=row.kind)
    return True


def reversals_of(tx: Connection, payment_id: str) -> list[Row[Any]]:
    """All reversals of this payment, including lifted ones."""
    return list(tx.execute(select(Reversal.__table__).where(Reversal.payment_id == payment_id)))


# --- the credit of a payment, in minor units ---


def _credit(tx: Connection, payment_id: str) -> int:
    """The reversed money of this payment that counts for no refund yet."""
    used = case((Refund.status == "settled", Refund.amount), else_=Refund.covered)
    return max(0, _reversed(tx, payment_id) - _sum(tx, used, Refund.payment_id == payment_id))


def _owed(tx: Connection, payment_id: str) -> int:
    """The refunds of this payment that have not gone back."""
    return _sum(tx, Refund.amount, Refund.payment_id == payment_id, Refund.status.in_(("requested", "failed")))


def _split_amount(tx: Connection, refund_id: str) -> int:
    """The part of a refund that was split off into rows of their own."""
    return _sum(tx, Refund.amount, Refund.part_of == refund_id)


def _reversed(tx: Connection, payment_id: str) -> int:
    return _sum(tx, Reversal.amount, Reversal.payment_id == payment_id, Reversal.status != "lifted")


def _sum(tx: Connection, column: Any, *which: ColumnElement[bool]) -> int:
    return int(tx.execute(select(func.coalesce(func.sum(column), 0)).where(*which)).scalar_one())


def _cover(tx: Connection, refund: Row[Any], most: int) -> None:
    """Settle up to `most` of an unsent refund from the credit; the rest stays as it is."""
    amount = min(most, refund.amount)
    if amount == refund.amount:
        _update(tx, refund, status="settled", covered=amount)
    elif amount > 0:
        _split_off(tx, refund, amount, status="settled", covered=amount)
        _update(tx, refund, amount=refund.amount - amount)


def _uncover(tx: Connection, payment_id: str) -> None:
    """After a reversal was lifted: the newest refunds that no reversal covers any more become failed ones."""
    query = select(Refund.__table__).where(Refund.payment_id == payment_id, Refund.covered > 0)
    excess = _sum(tx, Refund.covered, Refund.payment_id == payment_id) - _reversed(tx, payment_id)
    for refund in tx.execute(query.order_by(Refund.created_at.desc(), Refund.refund_id)).all():
        amount = min(excess, refund.covered)
        if amount <= 0:
            return
        excess -= amount
        if amount == refund.amount:
            _update(tx, refund, status="failed", covered=0)
        else:
            _split_off(tx, refund, amount, status="failed", covered=0)
            _update(tx, refund, amount=refund.amount - amount, covered=refund.covered - amount)


def _split_off(tx: Connection, refund: Row[Any], amount: int, **values: Any) -> None:
    copied = {name: getattr(refund, name) for name in (
        "order_id", "payment_id", "currency", "credit_to", "created_at", "tried_at")}
    tx.execute(insert(Refund).values(**copied, refund_id=new_id(), part_of=refund.part_of or refund.refund_id,
                                     amount=amount, attempt=1, **values))


def _update(tx: Connection, refund: Row[Any], **values: Any) -> None:
    tx.execute(update(Refund).where(Refund.refund_id == refund.refund_id).values(**values))
