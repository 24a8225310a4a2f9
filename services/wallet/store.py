"""The queries on the ledger. Money moves by compare-and-set, and always with its source, which is unique."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, tuple_, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from services.foundation.database import utc_now
from services.foundation.ids import first_id, new_id
from services.wallet import rules
from services.wallet.models import Base

accounts, transfers, entries, reservations = (Base.metadata.tables[name] for name in (
    "account", "transfer", "entry", "reservation"))
Rows = Sequence[Row[Any]]
Fields = Mapping[str, Any]
SOURCE = ("source_type", "source_id")
BEGUN_BEFORE = dt.timedelta(hours=1)  # a payment has its id before the wallet reserves money for it
TERMS = (*SOURCE, "user_id", "currency", "order_id")  # which a transfer and a reservation share


# --- accounts ---


def balances(tx: Connection, user_id: str) -> Rows:
    """A member's accounts, by currency."""
    query = select(accounts, (accounts.c.posted - accounts.c.reserved).label("available"))
    return tx.execute(query.where(accounts.c.user_id == user_id).order_by(accounts.c.currency)).all()


def available(tx: Connection, user_id: str, currency: str) -> int:
    """What a member can spend, in minor units."""
    return sum(row.available for row in balances(tx, user_id) if row.currency == currency)


def open_account(tx: Connection, user_id: str, currency: str) -> None:
    """Make sure that the member has an account in this currency."""
    row = {"account_id": rules.member_account(user_id, currency), "user_id": user_id, "currency": currency,
           "posted": 0, "reserved": 0}
    tx.execute(upsert(accounts).values(row).on_duplicate_key_update(user_id=user_id))


def change(tx: Connection, user_id: str, currency: str, posted: int = 0, reserved: int = 0) -> bool:
    """Add to what is posted and reserved; False, and nothing changed, where less than nothing would be available."""
    here = accounts.c.account_id == rules.member_account(user_id, currency)
    changed = update(accounts).where(here, enough(posted - reserved))
    return bool(tx.execute(changed.values(posted=accounts.c.posted + posted,
                                          reserved=accounts.c.reserved + reserved)).rowcount)


def enough(more: int) -> ColumnElement[bool]:
    """Whether what is available, with `more` added to it, is not less than nothing."""
    return accounts.c.posted - accounts.c.reserved + more >= 0


# --- transfers ---


def add_transfer(tx: Connection, kind: str, source: Fields, amount: int, reason: str | None = None) -> bool:
    """Write a transfer of `amount` minor units to the member, with its two entries; False if its source has one."""
    transfer_id = new_id()
    row = {name: source[name] for name in TERMS}
    try:
        tx.execute(insert(transfers), {**row, "transfer_id": transfer_id, "kind": kind, "amount": amount,
                                       "payment_id": source.get("payment_id"), "reason": reason,
                                       "occurred_at": utc_now()})
    except IntegrityError:
        return False
    sides = {rules.member_account(row["user_id"], row["currency"]): amount,
             rules.house_account(row["source_type"], row["currency"]): -amount}
    tx.execute(insert(entries), [{"transfer_id": transfer_id, "account_id": account_id, "amount": side}
                                 for account_id, side in sides.items()])
    return True


def credit(tx: Connection, source: Fields) -> Any:
    """What was credited for this source, or None."""
    here = [transfers.c[name] == source[name] for name in SOURCE]
    return tx.execute(select(transfers).where(transfers.c.kind == "credit", *here)).first()


def transfers_of(tx: Connection, user_id: str, before: str | None, limit: int) -> Rows:
    """A member's transfers, the newest first. `before`: only those older than this one."""
    query = select(transfers).where(transfers.c.user_id == user_id)
    if before is not None:
        query = query.where(transfers.c.transfer_id < before)
    return tx.execute(query.order_by(transfers.c.transfer_id.desc()).limit(limit)).all()


def credits_since(tx: Connection, source_type: str, since: dt.datetime, after: str | None, limit: int) -> Rows:
    """Credits of this type booked since then, by the ids of their sources."""
    query = select(transfers).where(transfers.c.kind == "credit", transfers.c.source_type == source_type,
                                    transfers.c.occurred_at >= since, transfers.c.source_id > (after or ""))
    # By its source alone, all that was ever booked would be read.
    query = query.with_hint(transfers, "FORCE INDEX (transfers_by_time)")
    return tx.execute(query.order_by(transfers.c.source_id).limit(limit)).all()


# --- reservations ---


def add_reservation(tx: Connection, wanted: Fields) -> bool:
    """Write a reservation; False if its source has one."""
    row = {name: wanted[name] for name in TERMS}
    try:
        tx.execute(insert(reservations), {**row, "amount": wanted["amount"], "status": "reserved",
                                          "created_at": utc_now()})
    except IntegrityError:
        return False
    return True


def reservation(tx: Connection, source: Fields, lock: bool = False) -> Any:
    """The reservation of this source, or None. `lock`: no other transaction changes it until this one ends."""
    query = select(reservations).where(tuple_(reservations.c.source_type, reservations.c.source_id)
                                       == tuple_(source["source_type"], source["source_id"]))
    return tx.execute(query.with_for_update() if lock else query).first()


def end_reservation(tx: Connection, known: Row[Any], status: str) -> None:
    """Write what became of a reservation that this transaction has locked."""
    tx.execute(update(reservations).where(reservations.c.source_type == known.source_type,
                                          reservations.c.source_id == known.source_id,
                                          reservations.c.status == "reserved").values(status=status))


def reservations_since(tx: Connection, source_type: str, since: dt.datetime, after: str | None, limit: int) -> Rows:
    """Reservations of this type made since then, by the ids of their sources, which tell when those began."""
    query = select(reservations).where(reservations.c.source_type == source_type, reservations.c.created_at >= since,
                                       reservations.c.source_id > (after or first_id(since - BEGUN_BEFORE)))
    return tx.execute(query.order_by(reservations.c.source_id).limit(limit)).all()
