"""What moves money: credits, reservations, and what becomes of these. Each takes effect once per source.

A transaction writes its source first and changes the account last, so that no two wait for each other.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection

from schemas.wallet import ADJUSTED, InsufficientFunds, UnknownTransfer
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.wallet import rules, store
from services.wallet.models import OUTBOX

Fields = Mapping[str, Any]


def credit(tx: Connection, wanted: Fields) -> Any:
    """Book money that comes into a wallet; what is booked. Raises SourceMismatch if that is another amount."""
    if store.add_transfer(tx, "credit", wanted, wanted["amount"]):
        store.open_account(tx, wanted["user_id"], wanted["currency"])
        _change(tx, wanted, posted=wanted["amount"])
    known = store.credit(tx, wanted)
    rules.check_same(known, wanted)
    return known


def adjust(tx: Connection, user_id: str, amount: int, currency: str, reason: str) -> str:
    """Book a manager's adjustment; its id. Raises InsufficientFunds if it takes more than is available.

    The event has the money as the ledger has it, so that the operation log can be compared with that.
    """
    source = {"source_type": "adjustment", "source_id": new_id(), "user_id": user_id, "currency": currency,
              "order_id": None}
    store.add_transfer(tx, "credit", source, amount, reason)
    if amount > 0:
        store.open_account(tx, user_id, currency)
    _change(tx, source, posted=amount)
    booked = store.credit(tx, source)
    outbox.write(tx, OUTBOX, ADJUSTED, about=booked.source_id, sequence=1,
                 body={**booked._mapping, "adjustment_id": booked.source_id})
    return str(booked.source_id)


def reserve(tx: Connection, wanted: Fields) -> Any:
    """Set money aside; the reservation. Raises InsufficientFunds, or SourceMismatch if it is of another amount."""
    if store.add_reservation(tx, wanted):
        _change(tx, wanted, reserved=wanted["amount"])
    known = store.reservation(tx, wanted)
    rules.check_same(known, wanted)
    return known


def capture(tx: Connection, wanted: Fields) -> Any:
    """Take reserved money, unless it was released; the reservation. Raises UnknownTransfer or SourceMismatch."""
    known = _lock(tx, wanted)
    if known.status == "reserved":
        store.end_reservation(tx, known, "captured")
        store.add_transfer(tx, "capture", known._mapping, -known.amount)
        _change(tx, known._mapping, posted=-known.amount, reserved=-known.amount)
    return store.reservation(tx, wanted)


def release(tx: Connection, wanted: Fields) -> Any:
    """Give reserved money back, unless it was captured; the reservation. Raises as `capture`."""
    known = _lock(tx, wanted)
    if known.status == "reserved":
        store.end_reservation(tx, known, "released")
        _change(tx, known._mapping, reserved=-known.amount)
    return store.reservation(tx, wanted)


def _lock(tx: Connection, wanted: Fields) -> Any:
    known = store.reservation(tx, wanted, lock=True)
    if known is None:
        raise UnknownTransfer()
    rules.check_same(known, wanted)
    return known


def _change(tx: Connection, source: Fields, **by: int) -> None:
    user_id, currency = source["user_id"], source["currency"]
    if not store.change(tx, user_id, currency, **by):
        raise InsufficientFunds(available=store.available(tx, user_id, currency), currency=currency)
