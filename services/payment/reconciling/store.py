"""The queries of reconciliation: payments and refunds as they are recorded here, and what a person has decided."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import and_, exists, false, insert, literal, or_, select, union
from sqlalchemy.engine import Connection, Row
from sqlalchemy.orm import aliased

from services.payment import rules, store
from services.payment.models import Account, Decision, Payment, Refund
from services.payment.payment_state import UNSETTLED
from services.payment.refunding.store import refunded_by

DUPLICATE_REFUND = aliased(Refund)
IS_RETURNED = exists().where(
    DUPLICATE_REFUND.refund_id == literal(rules.DUPLICATE_REFUND_PREFIX).concat(Payment.payment_id))


def providers_in_use(tx: Connection) -> list[str]:
    """The names of the providers that have payments, or refunds of others' payments."""
    into_wallets = select(literal("wallet")).where(exists().where(Refund.credit_to.is_not(None)))
    return sorted(tx.execute(union(select(Payment.provider).distinct(), into_wallets)).scalars())


def captured_payments(tx: Connection, provider: str, since: dt.datetime) -> set[str]:
    """The ids of the payments that were begun since then and are captured."""
    return set(tx.execute(select(Payment.payment_id).where(
        Payment.provider == provider, Payment.created_at >= since, Payment.status == "captured")).scalars())


def payment_statuses(tx: Connection, payment_ids: Iterable[str]) -> dict[str, str]:
    """The status of each of these payments that exists, by its id; `returned` if it is refunded as a duplicate."""
    rows = tx.execute(select(Payment.payment_id, Payment.status, IS_RETURNED.label("returned"))
                      .where(Payment.payment_id.in_(payment_ids)))
    return {row.payment_id: "returned" if row.returned else row.status for row in rows}


def payment_status(tx: Connection, payment_id: str) -> str | None:
    """A payment's status, or `returned` if it is refunded as a duplicate; None: there is no such payment."""
    return payment_statuses(tx, [payment_id]).get(payment_id)


def unsettled(tx: Connection, provider: str, before: dt.datetime) -> list[Row[Any]]:
    """Attempts without a known outcome that were begun before then."""
    query = select(Payment.payment_id, Payment.order_id, Payment.status).where(
        Payment.provider == provider, Payment.status.in_(UNSETTLED), Payment.created_at < before)
    return list(tx.execute(query))


def in_review(tx: Connection) -> list[Row[Any]]:
    """Payments under review, the oldest first."""
    query = select(Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency, Payment.provider,
                   Payment.reason).where(Payment.status == "review")
    return list(tx.execute(query.order_by(Payment.created_at)))


def failed_refunds(tx: Connection) -> list[Row[Any]]:
    """Refunds that failed, the oldest first: they are owed, and are not sent again without a decision."""
    query = select(Refund.__table__, refunded_by.label("provider")).join_from(Refund, Payment)
    return list(tx.execute(query.where(Refund.status == "failed").order_by(Refund.created_at)))


def stuck_refunds(tx: Connection, before: dt.datetime) -> list[Row[Any]]:
    """Refunds that were requested before then and have no outcome, the oldest first."""
    query = select(Refund.__table__, refunded_by.label("provider")).join_from(Refund, Payment)
    stuck = query.where(Refund.status == "requested", Refund.created_at < before)
    return list(tx.execute(stuck.order_by(Refund.created_at)))


def return_duplicate_payments(tx: Connection, provider: str, since: dt.datetime, now: dt.datetime) -> list[Any]:
    """Request refunds of payments that have changed since then and were captured for orders paid already; these."""
    other = or_(Account.captured_payment_id.is_(None), Account.captured_payment_id != Payment.payment_id)
    duplicates = select(Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency).join(Account).where(
        and_(Payment.provider == provider, Payment.status == "captured", Payment.changed_at >= since, other,
             ~IS_RETURNED))
    found = list(tx.execute(duplicates))
    for row in found:
        store.return_duplicate_payment(tx, row, now)
    return found


def refunds(tx: Connection, provider: str, since: dt.datetime) -> dict[str, Row[Any]]:
    """The refunds requested since then, and the older ones that are not done, by their key at the provider."""
    query = select(Refund.__table__).join(Payment, Payment.payment_id == Refund.payment_id).where(
        refunded_by == provider)
    young = query.where(Refund.created_at >= since, Refund.status.not_in(("settled", "written_off")))
    not_done = query.where(Refund.status.in_(("requested", "failed")))  # the other statuses are final
    return {rules.refund_key(row): row for found in (young, not_done) for row in tx.execute(found)}


def is_refund_key(tx: Connection, key: str | None) -> bool:
    """Whether a refund has, or had at an earlier attempt, this key at the provider."""
    first, _, number = (key or "").rpartition("-")
    later = (Refund.refund_id == first) & (Refund.attempt >= int(number)) if number.isdecimal() else false()
    return tx.execute(select(Refund.refund_id).where(or_(Refund.refund_id == key, later))).first() is not None


def record_decision(tx: Connection, about: str, decision: str, by: str, because: str, now: dt.datetime) -> None:
    """Record who decided what about a payment, refund or reversal, and why."""
    tx.execute(insert(Decision).values(about=about, decision=decision, decided_by=by, because=because, decided_at=now))
