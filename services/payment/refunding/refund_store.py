"""The `refund` table: each refund takes effect once, and the account says how much may be given back."""

import datetime as dt
from dataclasses import asdict
from typing import Any

from sqlalchemy import case, insert, select, update
from sqlalchemy.engine import Connection, Row

from services.payment import rules, store
from services.payment.models import Account, Payment, Refund
from services.payment.payment_state import RefundRequest
from services.payment.refunding import refund_credit

# Which provider gives a refund back: the wallet if it goes there, else the one that took the payment.
refunded_by = case((Refund.credit_to.is_not(None), "wallet"), else_=Payment.provider)


def request(tx: Connection, wanted: RefundRequest, now: dt.datetime) -> Row[Any]:
    """The row of the requested refund, whether it is done or not. Raises AmountMismatch."""
    state = store.payment_state(tx, wanted.order_id, lock=True)
    if known := find(tx, wanted.refund_id):
        rules.check_same_refund(known, known.amount + refund_credit.split_amount(tx, known.refund_id), wanted)
        return known
    payment_id = rules.refundable_payment(state, wanted.amount, wanted.currency)
    credit = refund_credit.available(tx, payment_id) - refund_credit.outstanding(tx, payment_id)
    tx.execute(insert(Refund).values(**asdict(wanted), payment_id=payment_id, status="requested", attempt=1, covered=0,
                                     created_at=now, tried_at=now))
    refund_credit.cover(tx, find(tx, wanted.refund_id), credit)
    store.update_account(tx, state.order_id, now, refunded=Account.refunded + wanted.amount)
    return find(tx, wanted.refund_id)


def record_end(tx: Connection, refund: Row[Any], status: str) -> None:
    """Record that this attempt of a refund is `done` or has `failed`, which may follow after `done`."""
    before = ("requested",) if status == "done" else ("requested", "done")
    tx.execute(update(Refund).where(Refund.refund_id == refund.refund_id, Refund.attempt == refund.attempt,
                                    Refund.status.in_(before)).values(status=status))


def retry(tx: Connection, refund_id: str, now: dt.datetime) -> Row[Any]:
    """Start another attempt at the part of a failed refund that has not gone back since; its row afterwards."""
    failed, credit = _lock(tx, refund_id)
    if failed.status == "failed":
        tx.execute(update(Refund).where(Refund.refund_id == refund_id)
                   .values(status="requested", attempt=Refund.attempt + 1, tried_at=now))
        refund_credit.cover(tx, failed, credit)
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
        refund_credit.cover(tx, found, credit)
        return True
    return bool(found.status != "requested")


def write_off(tx: Connection, refund_id: str) -> None:
    """Close a refund whose provider can't be asked any more."""
    left = (Refund.refund_id == refund_id) & Refund.status.in_(("failed", "requested"))
    tx.execute(update(Refund).where(left).values(status="written_off"))


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
    return find(tx, refund_id), refund_credit.available(tx, payment_id)
