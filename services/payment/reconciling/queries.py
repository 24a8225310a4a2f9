"""The payment room's books as an auditor reads them."""

import datetime as dt
from typing import Any

from sqlalchemy import and_, exists, false, func, literal, or_, select
from sqlalchemy.engine import Connection, Row
from sqlalchemy.orm import aliased

from services.payment import rules, store
from services.payment.models import Account, Payment, Refund

RETURN = aliased(Refund)
IS_RETURNED = exists().where(RETURN.refund_id == literal("dup:").concat(Payment.payment_id))


def providers_in_use(tx: Connection) -> list[str]:
    return sorted(tx.execute(select(Payment.provider).distinct()).scalars())


def payments(tx: Connection, provider: str, since: dt.datetime) -> dict[str, str]:
    """The status of each payment begun since then, by its id."""
    begun = select(Payment.payment_id, Payment.status).where(Payment.provider == provider, Payment.created_at >= since)
    return {row.payment_id: row.status for row in tx.execute(begun)}


def standing(tx: Connection, payment_id: str) -> str | None:
    """A payment's status, or `returned` when its money was not wanted and goes back; None: there is no such payment."""
    row = tx.execute(select(Payment.status, IS_RETURNED.label("returned"))
                     .where(Payment.payment_id == payment_id)).first()
    if row is None:
        return None
    return "returned" if row.returned else str(row.status)


def unsettled(tx: Connection, provider: str, before: dt.datetime) -> list[Row[Any]]:
    """Attempts whose end nobody knows, and that were begun before then."""
    query = select(Payment.payment_id, Payment.order_id, Payment.status).where(
        Payment.provider == provider, Payment.status.in_(rules.UNSETTLED), Payment.created_at < before)
    return list(tx.execute(query))


def in_review(tx: Connection) -> list[Row[Any]]:
    """Payments that somebody has to look at, the oldest first."""
    query = select(Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency, Payment.provider,
                   Payment.reason).where(Payment.status == "review")
    return list(tx.execute(query.order_by(Payment.created_at)))


def failed_refunds(tx: Connection) -> list[Row[Any]]:
    """Refunds that are owed, and will not be sent by themselves."""
    query = select(Refund.__table__, Payment.provider).join(Payment, Payment.payment_id == Refund.payment_id)
    return list(tx.execute(query.where(Refund.status == "failed").order_by(Refund.created_at)))


def stuck_refunds(tx: Connection, before: dt.datetime) -> list[Row[Any]]:
    """Refunds that were asked for before then, and of which nothing was heard."""
    query = select(Refund.__table__, Payment.provider).join(Payment, Payment.payment_id == Refund.payment_id)
    stuck = query.where(Refund.status == "requested", Refund.created_at < before)
    return list(tx.execute(stuck.order_by(Refund.created_at)))


def return_doubles(tx: Connection, provider: str, now: dt.datetime) -> list[Any]:
    """Send back what was taken for orders that had been paid already; what goes back."""
    other = or_(Account.captured_payment_id.is_(None), Account.captured_payment_id != Payment.payment_id)
    doubles = select(Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency).join(Account).where(
        and_(Payment.provider == provider, Payment.status == "captured", other, ~IS_RETURNED))
    found = list(tx.execute(doubles))
    for row in found:
        store.return_stray(tx, row, now)
    return found


def refunds(tx: Connection, provider: str, since: dt.datetime) -> dict[str, Row[Any]]:
    """The refunds asked for since then, and the older ones that are not done, by the provider's id for them."""
    query = select(Refund.__table__).join(Payment, Payment.payment_id == Refund.payment_id).where(
        Payment.provider == provider, Refund.status.not_in(("settled", "written_off")),
        or_(Refund.created_at >= since, Refund.status != "done"))
    return {rules.refund_key(row): row for row in tx.execute(query)}


def sent_back(tx: Connection, payment_id: str) -> int:
    """What we have asked the provider to give back of this payment, whether it is there yet or not."""
    sent = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == payment_id, Refund.status.in_(("requested", "done")))
    return int(tx.execute(sent).scalar_one())


def refund(tx: Connection, key: str | None) -> bool:
    """Whether there is, or was, a refund that a provider knows by this."""
    first, _, number = (key or "").rpartition("-")
    later = (Refund.refund_id == first) & (Refund.attempt >= int(number)) if number.isdecimal() else false()
    return tx.execute(select(Refund.refund_id).where(or_(Refund.refund_id == key, later))).first() is not None
