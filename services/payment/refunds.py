"""Refunds in the books of the payment room: each has one effect, and the account says how much may go back."""

import datetime as dt
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Row

from services.payment import rules, store
from services.payment.models import Account, Payment, Refund
from services.payment.reconciling import refund_credit


def request(tx: Connection, wanted: dict[str, Any], now: dt.datetime) -> Row[Any]:
    """The row of the refund asked for, done or not. Raises AmountMismatch."""
    found = store.books(tx, wanted["order_id"], lock=True)
    if known := find(tx, wanted["refund_id"]):
        rules.check_same_refund(known, known.amount + refund_credit.parts(tx, known.refund_id), wanted)
        return known
    payment_id = rules.refundable(found, wanted["amount"], wanted["currency"])
    credit = refund_credit.credit(tx, payment_id) - refund_credit.waiting(tx, payment_id)
    tx.execute(insert(Refund).values(**wanted, payment_id=payment_id, status="requested", attempt=1, covered=0,
                                     created_at=now, tried_at=now))
    refund_credit.cover(tx, find(tx, wanted["refund_id"]), credit)
    store.change(tx, found.order_id, now, refunded=Account.refunded + wanted["amount"])
    return find(tx, wanted["refund_id"])


def ended(tx: Connection, refund: Row[Any], end: str) -> None:
    """This attempt of a refund is done, or has failed, perhaps after its provider had said that it was done."""
    before = ("requested",) if end == "done" else ("requested", "done")
    tx.execute(update(Refund).where(Refund.refund_id == refund.refund_id, Refund.attempt == refund.attempt,
                                    Refund.status.in_(before)).values(status=end))


def again(tx: Connection, refund_id: str, now: dt.datetime) -> Row[Any]:
    """Let another attempt be made at what of a failed refund has not gone back meanwhile; its row then."""
    failed, credit = _lock(tx, refund_id)
    if failed.status == "failed":
        tx.execute(update(Refund).where(Refund.refund_id == refund_id)
                   .values(status="requested", attempt=Refund.attempt + 1, tried_at=now))
        refund_credit.cover(tx, failed, credit)
    return find(tx, refund_id)


def settled(tx: Connection, refund_id: str) -> None:
    """Somebody has paid a failed refund back in another way: by hand at its provider, or in cash."""
    failed, credit = _lock(tx, refund_id)
    if failed.status == "failed":
        covered = failed.amount if credit >= failed.amount else 0
        tx.execute(update(Refund).where(Refund.refund_id == refund_id).values(status="settled", covered=covered))


def made_by_hand(tx: Connection, refund: Row[Any]) -> bool:
    """Whether a refund that its provider has not heard of need not be sent: as much has gone back without us."""
    found, credit = _lock(tx, refund.refund_id)
    if (found.status, found.attempt) == ("requested", refund.attempt) and credit >= found.amount:
        refund_credit.cover(tx, found, credit)
        return True
    return bool(found.status != "requested")


def _lock(tx: Connection, refund_id: str) -> tuple[Any, int]:
    """The refund, while nobody else changes its order's books, and the credit of its payment."""
    payment_id = find(tx, refund_id).payment_id
    store.lock(tx, payment_id)
    return find(tx, refund_id), refund_credit.credit(tx, payment_id)


def written_off(tx: Connection, refund_id: str) -> None:
    """Nobody can be asked about a refund any more: it counts as over."""
    left = (Refund.refund_id == refund_id) & Refund.status.in_(("failed", "requested"))
    tx.execute(update(Refund).where(left).values(status="written_off"))


def of_payment(tx: Connection, payment_id: str) -> list[Row[Any]]:
    """Those that may still end in another way than is known."""
    query = select(Refund.__table__).where(Refund.payment_id == payment_id, Refund.status.in_(("requested", "done")))
    return list(tx.execute(query))


def take_left(tx: Connection, before: dt.datetime, now: dt.datetime) -> list[Row[Any]]:
    """Refunds that nobody has tried to send since `before`; other processes then wait as long."""
    return [find(tx, refund_id) for refund_id in store.take(tx, Refund, Refund.refund_id, "requested", before, now)]


def find(tx: Connection, refund_id: str) -> Any:
    """The row of a refund with its payment's provider."""
    query = select(Refund.__table__, Payment.provider).join_from(Refund, Payment)
    return tx.execute(query.where(Refund.refund_id == refund_id)).first()
