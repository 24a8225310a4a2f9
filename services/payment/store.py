"""The books of the payment room. Whoever changes an order's money locks its account first."""

import datetime as dt
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection, Row

from services.foundation.ids import new_id
from services.payment import rules
from services.payment.models import Account, Payment, Refund

AT_A_TIME = 20


def books(tx: Connection, order_id: str, lock: bool = False) -> rules.Books:
    """The order's books; `lock`: nobody else changes them until the transaction ends."""
    find = select(Account.__table__).where(Account.order_id == order_id)
    account = tx.execute(find.with_for_update() if lock else find).first()
    if account is None:
        return rules.Books(order_id, "none")
    attempts = select(Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency, Payment.method,
                      Payment.attempt, Payment.provider, Payment.status).where(Payment.order_id == order_id)
    latest = tx.execute(attempts.order_by(Payment.attempt.desc()).limit(1)).first()
    return rules.Books(order_id, account.status, account.amount, account.currency, account.refunded,
                       rules.Attempt(*latest) if latest else None)


def begin(tx: Connection, request: dict[str, Any], provider: str, now: dt.datetime) -> rules.Books:
    """The books with an attempt to pay in them: the present one, or a new one if it is time for that.

    Raises AmountMismatch or PaymentClosed.
    """
    order_id, amount, currency = request["order_id"], request["amount"], request["currency"]
    found = _open(tx, order_id, "open", now, amount=amount, currency=currency)
    if not rules.needs_attempt(found, amount, currency):
        return found
    tx.execute(insert(Payment).values(
        payment_id=new_id(), order_id=order_id, attempt=found.attempt.number + 1 if found.attempt else 1,
        provider=provider, method=request["method"], amount=amount, currency=currency, status="submitted",
        created_at=now, tried_at=now,
    ))
    return books(tx, order_id)


def close(tx: Connection, order_id: str, now: dt.datetime) -> rules.Books:
    """Let nothing more be taken for the order, whether it was ever charged or not."""
    if _open(tx, order_id, "closed", now).status == "open":
        _change(tx, order_id, now, status="closed")
    return books(tx, order_id)


def finish(tx: Connection, order_id: str, payment_id: str, standing: str, now: dt.datetime) -> rules.Books:
    """Write down where the provider says that this attempt stands."""
    books(tx, order_id, lock=True)
    attempt = tx.execute(select(Payment.__table__).where(Payment.payment_id == payment_id)).one()
    if attempt.status == "submitted" and standing in rules.ENDS:
        tx.execute(update(Payment).where(Payment.payment_id == payment_id).values(status=rules.ENDS[standing]))
        if standing == "captured":
            _change(tx, order_id, now, status="captured", captured_payment_id=payment_id)
    elif standing == "captured" and attempt.status != "captured":
        _return_stray(tx, attempt, now)
    return books(tx, order_id)


def request_refund(tx: Connection, request: dict[str, Any], now: dt.datetime) -> Row[Any]:
    """The row of the refund asked for, done or not. Raises AmountMismatch."""
    found = books(tx, request["order_id"], lock=True)
    if known := _refund(tx, request["refund_id"]):
        rules.check_same_refund(known, request)
        return known
    payment_id = rules.refundable(found, request["amount"], request["currency"]).payment_id
    tx.execute(insert(Refund).values(**request, payment_id=payment_id, status="requested", created_at=now,
                                     tried_at=now))
    _change(tx, found.order_id, now, refunded=Account.refunded + request["amount"])
    return _refund(tx, request["refund_id"])


def refund_done(tx: Connection, refund_id: str) -> None:
    tx.execute(update(Refund).where(Refund.refund_id == refund_id).values(status="done"))


def take_left_charges(tx: Connection, before: dt.datetime, now: dt.datetime) -> list[str]:
    """Orders with an attempt whose end nobody has looked for since `before`; other processes then wait as long."""
    return _take(tx, Payment, Payment.order_id, "submitted", before, now)


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


def _return_stray(tx: Connection, payment: Row[Any], now: dt.datetime) -> None:
    # The provider took money after it had told us that it never would. It goes back by the next sweep.
    row = {"refund_id": f"stray-{payment.payment_id}", "order_id": payment.order_id, "payment_id": payment.payment_id,
           "amount": payment.amount, "currency": payment.currency, "status": "requested", "created_at": now}
    tx.execute(upsert(Refund).values(**row, tried_at=now).on_duplicate_key_update(refund_id=row["refund_id"]))


def _take(tx: Connection, table: Any, key: Any, status: str, before: dt.datetime, now: dt.datetime) -> list[str]:
    left = select(key).where(table.status == status, table.tried_at < before).order_by(table.tried_at)
    keys = list(tx.execute(left.limit(AT_A_TIME).with_for_update(skip_locked=True)).scalars())
    if keys:
        tx.execute(update(table).where(key.in_(keys), table.status == status).values(tried_at=now))
    return keys
