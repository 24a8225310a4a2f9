"""The books of the payment room. Whoever changes an order's money locks its account first."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection, Row

from schemas import payment as contract
from schemas.base import Event
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.payment import rules
from services.payment.models import OUTBOX, Account, Decision, Payment, Refund

AT_A_TIME = 20
TOLD = {"captured": contract.CAPTURED, "failed": contract.FAILED, "review": contract.REVIEW}
ATTEMPT = (Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency, Payment.method,
           Payment.attempt.label("number"), Payment.provider, Payment.status, Payment.return_url, Payment.expires_at,
           Payment.reference, Payment.redirect_url, Payment.created_at, Payment.reason)
ATTEMPT_NAMES = [column.key for column in ATTEMPT]
ACCOUNT = (Account.status, Account.amount, Account.currency, Account.refunded, Account.captured_payment_id)
# An order's account and its latest attempt, if there is one; built once, as this is what the room asks most.
BOOKS = (select(*ACCOUNT, *ATTEMPT).outerjoin(Payment, Payment.order_id == Account.order_id)
         .where(Account.order_id == bindparam("order_id")).order_by(Payment.attempt.desc()).limit(1))


def books(tx: Connection, order_id: str, lock: bool = False) -> rules.Books:
    """The order's books; `lock`: nobody else changes them until the transaction ends."""
    find = BOOKS.with_for_update() if lock else BOOKS
    row: Any = tx.execute(find, {"order_id": order_id}).first()
    if row is None:
        return rules.Books(order_id, "none")
    status, amount, currency, refunded, captured_by, *latest = row
    attempt = rules.Attempt(**dict(zip(ATTEMPT_NAMES, latest, strict=True))) if latest[0] else None
    return rules.Books(order_id, status, amount, currency, refunded, attempt, captured_by)


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
        change(tx, order_id, now, status="closed")
    return books(tx, order_id)


def move(tx: Connection, payment_id: str, record: rules.Record, now: dt.datetime,
         reviewed: bool = False) -> rules.Books:
    """Write down how the provider says that this attempt stands, if that is news; its order's books then.

    `reviewed`: it is under review, and somebody has looked.
    """
    found, known = lock(tx, payment_id)
    if record.standing == "pending":
        _compare_and_set(tx, payment_id, ("submitted",), status="pending", reference=record.reference,
                         redirect_url=record.redirect_url)
    elif end := rules.ENDS.get(record.standing):
        # Money may come in late, for an attempt that was given up: what is made of it, the order room decides, or a
        # person if it is not what we asked for.
        late = rules.GIVEN_UP if end in ("captured", "review") else ()
        before = ("review",) if reviewed else rules.UNSETTLED + late
        moved = _compare_and_set(tx, payment_id, before, status=end, reason=record.reason)
        if end == "captured" and found.status == "captured":
            return_stray(tx, known, now)
        elif moved:
            if end == "captured":
                change(tx, known.order_id, now, status="captured", captured_payment_id=payment_id)
            tell(tx, known, TOLD.get(end), reason=record.reason)
    return books(tx, found.order_id)


def dismiss(tx: Connection, payment_id: str, taken: rules.Record | None, now: dt.datetime) -> bool:
    """A payment under review does not count: no more is taken for its order, and what was goes back by itself.

    False: it is not under review any more.
    """
    found, known = lock(tx, payment_id)
    if not _compare_and_set(tx, payment_id, ("review",), status="captured" if taken else "cancelled"):
        return False
    if found.status == "open":
        change(tx, found.order_id, now, status="closed")
    given_back = {"amount": taken.amount, "currency": taken.currency} if taken else {"amount": 0}
    if taken:
        _give_back(tx, {**known._mapping, **given_back}, now)
    tell(tx, known, contract.DISMISSED, reason=None, given_back=given_back["amount"])
    return True


def note_decision(tx: Connection, about: str, decision: str, by: str, because: str, now: dt.datetime) -> None:
    """Who has decided what, and why."""
    tx.execute(insert(Decision).values(about=about, decision=decision, decided_by=by, because=because, decided_at=now))


def take_left_charges(tx: Connection, status: str, before: dt.datetime, now: dt.datetime) -> list[str]:
    """Orders with an attempt whose end nobody has looked for since `before`; other processes then wait as long."""
    return take(tx, Payment, Payment.order_id, status, before, now)


def look_soon(tx: Connection, payment_id: str, asked_before: dt.datetime, left_since: dt.datetime) -> None:
    """Let the next sweep look for the end of this payment, unless one has done so lately."""
    here = (Payment.payment_id == payment_id) & (Payment.status == "pending") & (Payment.tried_at < asked_before)
    tx.execute(update(Payment).where(here).values(tried_at=left_since))


def _open(tx: Connection, order_id: str, status: str, now: dt.datetime, **terms: Any) -> rules.Books:
    # The update changes nothing; it is there because MariaDB then waits for a twin instead of deadlocking with it.
    new = upsert(Account).values(order_id=order_id, status=status, refunded=0, changed_at=now, **terms)
    tx.execute(new.on_duplicate_key_update(order_id=order_id))
    return books(tx, order_id, lock=True)


def change(tx: Connection, order_id: str, now: dt.datetime, **fields: Any) -> None:
    """Change an account that is locked."""
    tx.execute(update(Account).where(Account.order_id == order_id).values(**fields, changed_at=now))


def _attempt(row: Any) -> rules.Attempt | None:
    return rules.Attempt(**row._mapping) if row else None


def _compare_and_set(tx: Connection, payment_id: str, before: tuple[str, ...], **after: Any) -> bool:
    """Whether the payment was in one of these states until now. A message repeated or late changes nothing."""
    here = (Payment.payment_id == payment_id) & Payment.status.in_(before)
    return bool(tx.execute(update(Payment).where(here).values(**after)).rowcount)


def lock(tx: Connection, payment_id: str) -> tuple[rules.Books, Row[Any]]:
    """The books of a payment's order, which nobody else changes now, and the payment as it is then."""
    query: Any = select(Payment.payment_id, Payment.order_id, Payment.amount, Payment.currency, Payment.provider,
                        Payment.status).where(Payment.payment_id == payment_id)
    found = books(tx, tx.execute(query).one().order_id, lock=True)
    return found, tx.execute(query).one()


def tell(tx: Connection, payment: Any, event: Event | None, **said: Any) -> None:
    """Write the event, if there is one, about this payment: columns of it, and what is `said` besides."""
    if event:
        # Mostly a payment ends once; more often when money comes in late, or somebody has to look.
        last = select(func.max(OUTBOX.c.sequence)).where(OUTBOX.c.about == payment.payment_id)
        outbox.write(tx, OUTBOX, event, about=payment.payment_id, sequence=(tx.execute(last).scalar() or 0) + 1,
                     body={**payment._mapping, **said})


def return_stray(tx: Connection, payment: Any, now: dt.datetime) -> None:
    """Money that was taken for an order already paid: it goes back by the next sweep."""
    status = tx.execute(select(Payment.status).where(Payment.payment_id == payment.payment_id)).scalar_one()
    account = tx.execute(select(Account.captured_payment_id).where(Account.order_id == payment.order_id)).scalar_one()
    if account == payment.payment_id or status == "review":
        return  # no news; or somebody is looking into it
    _give_back(tx, payment._mapping, now)


def _give_back(tx: Connection, stray: Mapping[Any, Any], now: dt.datetime) -> None:
    """Once, all of a payment that its order's account knows nothing of."""
    facts = {name: stray[name] for name in ("order_id", "payment_id", "amount", "currency")}
    row = {**facts, "refund_id": rules.stray_refund(stray["payment_id"]), "status": "requested", "attempt": 1,
           "covered": 0, "created_at": now, "tried_at": now}
    tx.execute(upsert(Refund).values(row).on_duplicate_key_update(refund_id=row["refund_id"]))


def take(tx: Connection, table: Any, key: Any, status: str, before: dt.datetime, now: dt.datetime) -> list[str]:
    """The keys of rows that nobody has tried to finish since `before`; other processes then wait as long."""
    left = select(key).where(table.status == status, table.tried_at < before).order_by(table.tried_at)
    keys = list(tx.execute(left.limit(AT_A_TIME).with_for_update(skip_locked=True)).scalars())
    if keys:
        tx.execute(update(table).where(key.in_(keys), table.status == status).values(tried_at=now))
    return keys
