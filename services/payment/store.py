"""The `account` and `payment` tables. A transaction that changes an order's money locks its account first."""

import datetime as dt
from dataclasses import asdict
from typing import Any

from prometheus_client import Counter
from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection, Row

from schemas import payment as contract
from schemas.base import Event
from services.foundation import metrics
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.foundation.tracing.trace_context import traceparent
from services.payment import rules
from services.payment.models import OUTBOX, Account, Payment, Refund
from services.payment.payment_state import (
    GIVEN_UP,
    UNSETTLED,
    Attempt,
    BegunPayment,
    PaymentRecord,
    PaymentRequest,
    PaymentState,
)

BATCH = 20
CAPTURED = Counter("marquee_captured_minor_units_total", "Money that was captured, in minor units.", ["currency"])
EVENTS = {"captured": contract.CAPTURED, "failed": contract.FAILED, "review": contract.REVIEW}
ATTEMPT = (Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency, Payment.method,
           Payment.attempt.label("number"), Payment.provider, Payment.status, Payment.return_url, Payment.expires_at,
           Payment.reference, Payment.redirect_url, Payment.created_at, Payment.reason, Payment.user_id,
           Payment.card_token, Payment.save_card, Payment.traceparent)
ATTEMPT_NAMES = [column.key for column in ATTEMPT]
ACCOUNT = (Account.status, Account.amount, Account.currency, Account.refunded, Account.captured_payment_id)
# An order's account with its latest attempt, if there is one. Built once, because the room asks this most.
STATE = (select(*ACCOUNT, *ATTEMPT).outerjoin(Payment, Payment.order_id == Account.order_id)
         .where(Account.order_id == bindparam("order_id")).order_by(Payment.attempt.desc()).limit(1))

NOT_TRIED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # due for the next sweep


def payment_state(tx: Connection, order_id: str, lock: bool = False) -> PaymentState:
    """The state of the order's money. `lock`: no other transaction changes it until this one ends."""
    query = STATE.with_for_update() if lock else STATE
    row: Any = tx.execute(query, {"order_id": order_id}).first()
    if row is None:
        return PaymentState(order_id, "none")
    status, amount, currency, refunded, captured_by, *latest = row
    attempt = Attempt(**dict(zip(ATTEMPT_NAMES, latest, strict=True))) if latest[0] else None
    return PaymentState(order_id, status, amount, currency, refunded, attempt, captured_by)


def attempt(tx: Connection, payment_id: str) -> Attempt | None:
    """One attempt, whether it is its order's latest or not."""
    row: Any = tx.execute(select(*ATTEMPT).where(Payment.payment_id == payment_id)).first()
    return Attempt(**row._mapping) if row else None


def begin(tx: Connection, request: PaymentRequest, provider: str, now: dt.datetime) -> BegunPayment:
    """The order's state with an attempt to pay: the present one, or a new one if `rules.needs_attempt`.

    Raises AmountMismatch, PaymentInReview or PaymentClosed.
    """
    found = _lock_or_create(tx, request.order_id, "open", now, amount=request.amount, currency=request.currency)
    if not rules.needs_attempt(found, request.amount, request.currency):
        return BegunPayment(found, is_new=False)
    tx.execute(insert(Payment).values(
        payment_id=new_id(), attempt=found.attempt.number + 1 if found.attempt else 1, provider=provider,
        status="submitted", created_at=now, tried_at=now, traceparent=traceparent(), **asdict(request),
    ))
    return BegunPayment(payment_state(tx, request.order_id), is_new=True)


def close(tx: Connection, order_id: str, now: dt.datetime) -> PaymentState:
    """Close the order's account, so that it takes no more money; it may never have been charged."""
    if _lock_or_create(tx, order_id, "closed", now).status == "open":
        update_account(tx, order_id, now, status="closed")
    return payment_state(tx, order_id)


def record_status(tx: Connection, payment_id: str, record: PaymentRecord, now: dt.datetime,
                  reviewed: bool = False) -> PaymentState:
    """Record the provider's status of an attempt, if that is news; the order's state afterwards.

    `reviewed`: the attempt is under review, and a person has decided.
    """
    found, known = lock_payment(tx, payment_id)
    if record.status == "pending":
        _compare_and_set(tx, payment_id, ("submitted",), status="pending", reference=record.reference,
                         redirect_url=record.redirect_url)
    elif status := rules.FINAL_STATUS.get(record.status):
        # Money may arrive late for an attempt that was given up. The order room decides what becomes of it, or a
        # person if it is not the money we asked for.
        late = GIVEN_UP if status in ("captured", "review") else ()
        before = ("review",) if reviewed else UNSETTLED + late
        # Whatever is still to be done after the end, such as keeping the card, is due at once.
        changed = _compare_and_set(tx, payment_id, before, status=status, reason=record.reason, tried_at=NOT_TRIED)
        if changed and status == "captured":
            metrics.count_after_commit(tx, CAPTURED.labels(known.currency), known.amount)
        if status == "captured" and found.status == "captured":
            return_duplicate_payment(tx, known, now)
        elif changed:
            if status == "captured":
                update_account(tx, known.order_id, now, status="captured", captured_payment_id=payment_id)
            record_event(tx, known, EVENTS.get(status), reason=record.reason)
    return payment_state(tx, found.order_id)


def dismiss(tx: Connection, payment_id: str, taken: PaymentRecord | None, now: dt.datetime) -> bool:
    """Dismiss a payment under review: its order takes no more money, and the next sweep refunds what was `taken`.

    False: it is not under review any more.
    """
    found, known = lock_payment(tx, payment_id)
    if not _compare_and_set(tx, payment_id, ("review",), status="captured" if taken else "cancelled"):
        return False
    if found.status == "open":
        update_account(tx, found.order_id, now, status="closed")
    if taken:
        _request_duplicate_refund(tx, known, taken.amount, taken.currency, now)
    record_event(tx, known, contract.DISMISSED, reason=None, given_back=taken.amount if taken else 0)
    return True


def return_duplicate_payment(tx: Connection, payment: Any, now: dt.datetime) -> None:
    """Request the refund of money that was captured for an order already paid; the next sweep sends it."""
    status = tx.execute(select(Payment.status).where(Payment.payment_id == payment.payment_id)).scalar_one()
    account = tx.execute(select(Account.captured_payment_id).where(Account.order_id == payment.order_id)).scalar_one()
    if account == payment.payment_id or status == "review":
        return  # it paid the order, or a person is looking into it
    _request_duplicate_refund(tx, payment, payment.amount, payment.currency, now)


def lease_stale_orders(tx: Connection, status: str, before: dt.datetime, now: dt.datetime) -> list[str]:
    """Orders with an attempt of this status that no process has asked about since `before`."""
    return lease(tx, Payment, Payment.order_id, status, before, now)


def make_stale(tx: Connection, payment_id: str, tried_before: dt.datetime, tried_at: dt.datetime) -> None:
    """Let the next sweep ask about this pending payment, unless one has done so since `tried_before`."""
    here = (Payment.payment_id == payment_id) & (Payment.status == "pending") & (Payment.tried_at < tried_before)
    tx.execute(update(Payment).where(here).values(tried_at=tried_at))


def lease(tx: Connection, table: Any, key: Any, status: str, before: dt.datetime, now: dt.datetime,
          *which: ColumnElement[bool]) -> list[str]:
    """The keys of rows that no process has worked on since `before`; other processes then leave them alone as long."""
    stale = select(key).where(table.status == status, table.tried_at < before, *which).order_by(table.tried_at)
    keys = list(tx.execute(stale.limit(BATCH).with_for_update(skip_locked=True)).scalars())
    if keys:
        tx.execute(update(table).where(key.in_(keys), table.status == status).values(tried_at=now))
    return keys


def update_account(tx: Connection, order_id: str, now: dt.datetime, **fields: Any) -> None:
    """Change an account that is locked."""
    tx.execute(update(Account).where(Account.order_id == order_id).values(**fields, changed_at=now))


def lock_payment(tx: Connection, payment_id: str) -> tuple[PaymentState, Row[Any]]:
    """Lock the account of a payment's order; the order's state and the payment's row as they are then."""
    query: Any = select(Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency, Payment.provider,
                        Payment.status).where(Payment.payment_id == payment_id)
    found = payment_state(tx, tx.execute(query).one().order_id, lock=True)
    return found, tx.execute(query).one()


def record_event(tx: Connection, payment: Any, event: Event | None, **fields: Any) -> None:
    """Write the event, if there is one, about a payment's row; `fields` are added to the row's columns."""
    if event:
        # A payment mostly ends once; more often if money arrives late or a person has to look.
        last = select(func.max(OUTBOX.c.sequence)).where(OUTBOX.c.about == payment.payment_id)
        outbox.write(tx, OUTBOX, event, about=payment.payment_id, sequence=(tx.execute(last).scalar() or 0) + 1,
                     body={**payment._mapping, **fields})


def _lock_or_create(tx: Connection, order_id: str, status: str, now: dt.datetime, **terms: Any) -> PaymentState:
    # The update changes nothing. Because of it MariaDB waits for a concurrent insert instead of deadlocking with it.
    new = upsert(Account).values(order_id=order_id, status=status, refunded=0, changed_at=now, **terms)
    tx.execute(new.on_duplicate_key_update(order_id=order_id))
    return payment_state(tx, order_id, lock=True)


def _compare_and_set(tx: Connection, payment_id: str, before: tuple[str, ...], **after: Any) -> bool:
    """Whether the payment had one of these statuses until now. A repeated or late message changes nothing."""
    here = (Payment.payment_id == payment_id) & Payment.status.in_(before)
    return bool(tx.execute(update(Payment).where(here).values(**after)).rowcount)


def _request_duplicate_refund(tx: Connection, payment: Any, amount: int | None, currency: str | None,
                              now: dt.datetime) -> None:
    """Request one refund of a payment that its order's account does not count."""
    row = {"refund_id": rules.duplicate_refund_id(payment.payment_id), "order_id": payment.order_id,
           "payment_id": payment.payment_id, "amount": amount, "currency": currency, "status": "requested",
           "attempt": 1, "covered": 0, "created_at": now, "tried_at": NOT_TRIED}   # so the next sweep sends it
    tx.execute(upsert(Refund).values(row).on_duplicate_key_update(refund_id=row["refund_id"]))
