"""What has gone back of a payment without us is a credit: our refunds draw on it, so that nothing goes back twice.

Of each refund's row all is covered or nothing. What is covered in part becomes two rows, so that either ends by itself.
"""

from typing import Any

from sqlalchemy import ColumnElement, case, func, insert, select, update
from sqlalchemy.engine import Connection, Row

from services.foundation.ids import new_id
from services.payment.models import Refund, Reversal


def credit(tx: Connection, payment_id: str) -> int:
    """How much of this payment has gone back without us, and is not counted for any refund of ours yet."""
    drawn = case((Refund.status == "settled", Refund.amount), else_=Refund.covered)
    return max(0, _gone(tx, payment_id) - _sum(tx, drawn, payment_id))


def waiting(tx: Connection, payment_id: str) -> int:
    """What refunds have not gone back yet: a credit may have been made for one of them, so it is no other's."""
    return _sum(tx, case((Refund.status.in_(("requested", "failed")), Refund.amount), else_=0), payment_id)


def cover(tx: Connection, refund: Row[Any], most: int) -> None:
    """Count up to `most` of a refund that nobody has sent as gone back; the rest stays as it is."""
    amount = min(most, refund.amount)
    if amount == refund.amount:
        _change(tx, refund, status="settled", covered=amount)
    elif amount > 0:
        _split_off(tx, refund, amount, status="settled", covered=amount)
        _change(tx, refund, amount=refund.amount - amount)


def uncover(tx: Connection, payment_id: str) -> None:
    """Money that had gone is ours again. What nothing covers now is owed, the newest first, and somebody decides."""
    query = select(Refund.__table__).where(Refund.payment_id == payment_id, Refund.covered > 0)
    excess = _sum(tx, Refund.covered, payment_id) - _gone(tx, payment_id)
    for refund in tx.execute(query.order_by(Refund.created_at.desc(), Refund.refund_id)).all():
        amount = min(excess, refund.covered)
        if amount <= 0:
            return
        excess -= amount
        if amount == refund.amount:
            _change(tx, refund, status="failed", covered=0)
        else:
            _split_off(tx, refund, amount, status="failed", covered=0)
            _change(tx, refund, amount=refund.amount - amount, covered=refund.covered - amount)


def parts(tx: Connection, refund_id: str) -> int:
    """What has become rows of their own of a refund, in minor units."""
    query = select(func.coalesce(func.sum(Refund.amount), 0)).where(Refund.part_of == refund_id)
    return int(tx.execute(query).scalar_one())


def _gone(tx: Connection, payment_id: str) -> int:
    query = select(func.coalesce(func.sum(Reversal.amount), 0)).where(Reversal.payment_id == payment_id,
                                                                      Reversal.status != "lifted")
    return int(tx.execute(query).scalar_one())


def _sum(tx: Connection, what: ColumnElement[int] | Any, payment_id: str) -> int:
    query = select(func.coalesce(func.sum(what), 0)).where(Refund.payment_id == payment_id)
    return int(tx.execute(query).scalar_one())


def _split_off(tx: Connection, refund: Row[Any], amount: int, **values: Any) -> None:
    same = {name: getattr(refund, name) for name in ("order_id", "payment_id", "currency", "created_at", "tried_at")}
    tx.execute(insert(Refund).values(**same, refund_id=new_id(), part_of=refund.part_of or refund.refund_id,
                                     amount=amount, attempt=1, **values))


def _change(tx: Connection, refund: Row[Any], **values: Any) -> None:
    tx.execute(update(Refund).where(Refund.refund_id == refund.refund_id).values(**values))
