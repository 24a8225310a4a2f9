"""The sandbox's test cards: one for each outcome of a payment, known by brand and last digits. None has a number."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection

from services.payment.models import SandboxCard
from services.payment.payment_state import Attempt, CardRecord
from services.payment.sandbox.faults import take_faults

BRAND = "visa"
LAST4 = {"pay": "4242", "challenge": "3155", "decline": "0002", "insufficient_funds": "9995"}
ASKS_FOR_CODE = LAST4["challenge"]
YEARS = 4   # for which a test card is good


def keep(tx: Connection, payment_id: str, choice: str) -> None:
    """Keep the card that stands for this choice at the page; its token is the id of the payment."""
    row = {"token": payment_id, "last4": LAST4[choice]}
    tx.execute(upsert(SandboxCard).values(row).on_duplicate_key_update(token=payment_id))


def card_of(tx: Connection, attempt: Attempt) -> CardRecord | None:
    """The card that was kept at the payment's page, unless it is detached."""
    last4 = _last4(tx, attempt.payment_id)
    assert attempt.created_at
    return CardRecord(attempt.payment_id, BRAND, last4, 12, attempt.created_at.year + YEARS, last4) if last4 else None


def first_status(tx: Connection, attempt: Attempt) -> str:
    """The status of a payment before its buyer has done anything at the page."""
    if attempt.hosted and attempt.card_token is None:
        return "pending"
    last4 = _last4(tx, attempt.card_token) if attempt.card_token else LAST4["pay"]
    if last4 is None or take_faults(tx, attempt.order_id, "decline"):
        return "declined"
    return "challenged" if last4 == ASKS_FOR_CODE else "authorized"


def detach(tx: Connection, token: str) -> None:
    """Forget the card."""
    tx.execute(delete(SandboxCard).where(SandboxCard.token == token))


def _last4(tx: Connection, token: str) -> str | None:
    found: Any = tx.execute(select(SandboxCard.last4).where(SandboxCard.token == token)).scalar()
    return found
