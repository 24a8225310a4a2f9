"""The books of the payment room. Whoever changes an order's money locks its account first."""

import datetime as dt
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection, Row

from schemas import payment as contract
from services.foundation import outbox
from services.foundation.ids import new_id
from services.payment import rules
from services.payment.models import OUTBOX, Account, Payment, Refund

AT_A_TIME = 20
TOLD = {"captured": contract.CAPTURED, "failed": contract.FAILED, "review": contract.REVIEW}
ATTEMPT = (Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency, Payment.method,
           Payment.attempt.label("number"), Payment.provider, Payment.status, Payment.return_url, Payment.expires_at,
           Payment.reference, Payment.redirect_url, Payment.created_at)


def books(tx: Connection, order_id: str, lock: bool = False) -> rules.Books:
    """The order's books; `lock`: nobody else changes them until the transaction ends."""
    find = select(Account.__table__).where(Account.order_id == order_id)
    account = tx.execute(find.with_for_update() if lock else find).first()
    if account is None:
        return rules.Books(order_id, "none")
    latest = select(*ATTEMPT).where(Payment.order_id == order_id).order_by(Payment.attempt.desc()).limit(1)
    return rules.Books(order_id, account.status, account.amount, account.currency, account.refunded,
                       _attempt(tx.execute(latest).first()), account.captured_payment_id)


def attempt(tx: Connection, payment_id: str) -> rules.Attempt | None:
    """One attempt, whether it is its order's latest or not."""
    return _attempt(tx.execute(select(*ATTEMPT).where(Payment.payment_id == payment_id)).first())


def begin(tx: Connection, request: dict[str, Any], provider: str, now: dt.datetime) -> rules.Begun:
    """The books with an attempt to pay in them: the present one, or a new one if it is time for that.

    Raises AmountMismatch, PaymentInReview or PaymentClosed.
    """
    order_id, amount, currency = request["order_id"], request["amount"], request["currency"]
    found = _open(tx, order_id, "open", now, amount=amount, currency=currency)
    if not rules.needs_attempt(found, amount, currency):
        return rules.Begun(found, is_new=False)
    tx.execute(insert(Payment).values(
        payment_id=new_id(), attempt=found.attempt.number + 1 if found.attempt else 1, provider=provider,
        status="submitted", created_at=now, tried_at=now, **request,
    ))
    return rules.Begun(books(tx, order_id), is_new=True)


def close(tx: Connection, order_id: str, now: dt.datetime) -> rules.Books:
    """Let nothing more be taken for the order, whether it was ever charged or not."""
    if _open(tx, order_id, "closed", now).status == "open":
        _change(tx, order_id, now, status="closed")
    return books(tx, order_id)


def move(tx: Connection, payment_id: str, record: rules.Record, now: dt.datetime) -> rules.Books:
    """Write down how the provider says that this attempt stands, if that is news; its order's books then."""
    order_id = tx.execute(select(Payment.order_id).where(Payment.payment_id == payment_id)).scalar_one()
    found = books(tx, order_id, lock=True)
    # Read now that nobody else can change it.
    known = tx.execute(select(Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency, Payment.provider,
                              Payment.status).where(Payment.payment_id == payment_id)).one()
    if record.standing == "pending":
        _compare_and_set(tx, payment_id, ("submitted",), status="pending", reference=record.reference,
                         redirect_url=record.redirect_url)
    elif end := rules.ENDS.get(record.standing):
        # Money may come in late, for an attempt that was given up: what is made of it, the order room decides, or a
        # person if it is not what we asked for.
        before = rules.UNSETTLED + rules.GIVEN_UP if end in ("captured", "review") else rules.UNSETTLED
        moved = _compare_and_set(tx, payment_id, before, status=end, reason=record.reason)
        if end == "captured" and found.status == "captured":
            return_stray(tx, known, now)
        elif moved:
            if end == "captured":
                _change(tx, known.order_id, now, status="captured", captured_payment_id=payment_id)
            _tell(tx, known, end, record.reason)
    return books(tx, order_id)


def request_refund(tx: Connection, request: dict[str, Any], now: dt.datetime) -> Row[Any]:
    """The row of the refund asked for, done or not. Raises AmountMismatch."""
    found = books(tx, request["order_id"], lock=True)
    if known := _refund(tx, request["refund_id"]):
        rules.check_same_refund(known, request)
        return known
    payment_id = rules.refundable(found, request["amount"], request["currency"])
    tx.execute(insert(Refund).values(**request, payment_id=payment_id, status="requested", attempt=1, created_at=now,
                                     tried_at=now))
    _change(tx, found.order_id, now, refunded=Account.refunded + request["amount"])
    return _refund(tx, request["refund_id"])


def refund_ended(tx: Connection, refund: Row[Any], end: str) -> None:
    """This attempt of a refund is done, or has failed, perhaps after its provider had said that it was done."""
    before = ("requested",) if end == "done" else ("requested", "done")
    tx.execute(update(Refund).where(Refund.refund_id == refund.refund_id, Refund.attempt == refund.attempt,
                                    Refund.status.in_(before)).values(status=end))


def refunds_of(tx: Connection, payment_id: str) -> list[Row[Any]]:
    """Those that may still end in another way than is known."""
    query = select(Refund.__table__).where(Refund.payment_id == payment_id, Refund.status.in_(("requested", "done")))
    return list(tx.execute(query))


def take_left_charges(tx: Connection, status: str, before: dt.datetime, now: dt.datetime) -> list[str]:
    """Orders with an attempt whose end nobody has looked for since `before`; other processes then wait as long."""
    return _take(tx, Payment, Payment.order_id, status, before, now)


def take_left_refunds(tx: Connection, before: dt.datetime, now: dt.datetime) -> list[Row[Any]]:
    """The same for refunds."""
    return [_refund(tx, refund_id) for refund_id in _take(tx, Refund, Refund.refund_id, "requested", before, now)]


def _open(tx: Connection, order_id: str, status: str, now: dt.datetime, **terms: Any) -> rules.Books:
    # The update changes nothing; it is there because MariaDB then waits for a twin instead of deadlocking with it.
    new = upsert(Account).values(order_id=order_id, status=status, refunded=0, changed_at=now, **terms)
    tx.execute(new.on_duplicate_key_update(order_id=order_id))
    return books(tx, order_id, lock=True)


def _change(tx: Connection, order_id: str, now: dt.datetime, **fields: Any) -> None:
    tx.execute(update(Account).where(Account.order_id == order_id).values(**fields, changed_at=now))


def _refund(tx: Connection, refund_id: str) -> Any:
    query = select(Refund.__table__, Payment.provider).join_from(Refund, Payment)
    return tx.execute(query.where(Refund.refund_id == refund_id)).first()


def _attempt(row: Any) -> rules.Attempt | None:
    return rules.Attempt(**row._mapping) if row else None


def _compare_and_set(tx: Connection, payment_id: str, before: tuple[str, ...], **after: Any) -> bool:
    """Whether the payment was in one of these states until now. A message repeated or late changes nothing."""
    here = (Payment.payment_id == payment_id) & Payment.status.in_(before)
    return bool(tx.execute(update(Payment).where(here).values(**after)).rowcount)


def _tell(tx: Connection, payment: Any, end: str, reason: str | None) -> None:
    if event := TOLD.get(end):
        # A payment ends once, or twice when money comes in late.
        outbox.write(tx, OUTBOX, event, about=payment.payment_id, sequence=2 if payment.status in rules.GIVEN_UP else 1,
                     body={**payment._mapping, "reason": reason})


def return_stray(tx: Connection, payment: Any, now: dt.datetime) -> None:
    """Money that was taken for an order already paid: it goes back by the next sweep."""
    status = tx.execute(select(Payment.status).where(Payment.payment_id == payment.payment_id)).scalar_one()
    account = tx.execute(select(Account.captured_payment_id).where(Account.order_id == payment.order_id)).scalar_one()
    if account == payment.payment_id or status == "review":
        return  # no news; or somebody is looking into it
    row = {"refund_id": f"dup:{payment.payment_id}", "order_id": payment.order_id, "payment_id": payment.payment_id,
           "amount": payment.amount, "currency": payment.currency, "status": "requested", "attempt": 1,
           "created_at": now}
    tx.execute(upsert(Refund).values(**row, tried_at=now).on_duplicate_key_update(refund_id=row["refund_id"]))


def _take(tx: Connection, table: Any, key: Any, status: str, before: dt.datetime, now: dt.datetime) -> list[str]:
    left = select(key).where(table.status == status, table.tried_at < before).order_by(table.tried_at)
    keys = list(tx.execute(left.limit(AT_A_TIME).with_for_update(skip_locked=True)).scalars())
    if keys:
        tx.execute(update(table).where(key.in_(keys), table.status == status).values(tried_at=now))
    return keys
