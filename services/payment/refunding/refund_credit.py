"""The refund credit of a payment: reversed money counts for refunds of the same payment, so that none goes back twice.

A row of `refund` is covered by the credit as a whole or not at all. A refund that is covered in part becomes two rows,
each with a status of its own.
"""

from typing import Any

from sqlalchemy import ColumnElement, case, func, insert, select, update
from sqlalchemy.engine import Connection, Row

from services.foundation.ids import new_id
from services.payment.models import Refund, Reversal


def available(tx: Connection, payment_id: str) -> int:
    """The reversed money of this payment, in minor units, that counts for no refund yet."""
    used = case((Refund.status == "settled", Refund.amount), else_=Refund.covered)
    return max(0, _reversed(tx, payment_id) - _sum(tx, used, payment_id))


def outstanding(tx: Connection, payment_id: str) -> int:
    """The refunds of this payment, in minor units, that have not gone back.

    A reversal may have been made in place of one of them, so this part of the credit is not for new refunds.
    """
    return _sum(tx, case((Refund.status.in_(("requested", "failed")), Refund.amount), else_=0), payment_id)


def cover(tx: Connection, refund: Row[Any], most: int) -> None:
    """Settle up to `most` minor units of an unsent refund from the credit; the rest stays as it is."""
    amount = min(most, refund.amount)
    if amount == refund.amount:
        _update(tx, refund, status="settled", covered=amount)
    elif amount > 0:
        _split_off(tx, refund, amount, status="settled", covered=amount)
        _update(tx, refund, amount=refund.amount - amount)


def uncover(tx: Connection, payment_id: str) -> None:
    """After a reversal was lifted: the newest refunds that no reversal covers any more become failed ones."""
    query = select(Refund.__table__).where(Refund.payment_id == payment_id, Refund.covered > 0)
    excess = _sum(tx, Refund.covered, payment_id) - _reversed(tx, payment_id)
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


def split_amount(tx: Connection, refund_id: str) -> int:
    """The minor units of a refund that were split off into rows of their own."""
    query = select(func.coalesce(func.sum(Refund.amount), 0)).where(Refund.part_of == refund_id)
    return int(tx.execute(query).scalar_one())


def _reversed(tx: Connection, payment_id: str) -> int:
    query = select(func.coalesce(func.sum(Reversal.amount), 0)).where(Reversal.payment_id == payment_id,
                                                                      Reversal.status != "lifted")
    return int(tx.execute(query).scalar_one())


def _sum(tx: Connection, column: ColumnElement[int] | Any, payment_id: str) -> int:
    query = select(func.coalesce(func.sum(column), 0)).where(Refund.payment_id == payment_id)
    return int(tx.execute(query).scalar_one())


def _split_off(tx: Connection, refund: Row[Any], amount: int, **values: Any) -> None:
    copied = {name: getattr(refund, name) for name in (
        "order_id", "payment_id", "currency", "credit_to", "created_at", "tried_at")}
    tx.execute(insert(Refund).values(**copied, refund_id=new_id(), part_of=refund.part_of or refund.refund_id,
                                     amount=amount, attempt=1, **values))


def _update(tx: Connection, refund: Row[Any], **values: Any) -> None:
    tx.execute(update(Refund).where(Refund.refund_id == refund.refund_id).values(**values))
