"""What a buyer can do at the sandbox's page, and the status of the payment afterwards."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from schemas.payment import UnknownPayment
from services.payment.models import SandboxCharge
from services.payment.sandbox import cards, provider

CODE = "1234"
WRONG_CODES = 3      # the last of them ends the payment
OUTCOMES = {"pay": ("authorized", None), "challenge": ("challenged", None), "decline": ("declined", "declined"),
            "insufficient_funds": ("declined", "insufficient_funds")}


@dataclass(frozen=True)
class CheckoutSession:
    """What the page shows of a payment: what is to be paid and where to return to, and whether it can still be paid."""

    payment_id: str
    amount: int
    currency: str
    status: str
    return_url: str
    wrong_code: bool  # one was typed before

    @property
    def is_over(self) -> bool:
        """Whether the payment can't be made at the page any more."""
        return self.status not in provider.OPEN


def open_page(tx: Connection, payment_id: str) -> CheckoutSession:
    """The payment, for a buyer who opens the page. Raises UnknownPayment, also for a payment that has no page."""
    provider.expire(tx, payment_id)
    return _session(tx, payment_id)


def choose(tx: Connection, payment_id: str, choice: str, code: str) -> CheckoutSession:
    """Carry out the buyer's choice, unless it is too late; a repeated choice changes nothing. Raises UnknownPayment."""
    provider.expire(tx, payment_id)
    if choice == "confirm":
        return _confirm(tx, payment_id, code)
    if choice in OUTCOMES:
        status, reason = OUTCOMES[choice]
        moved = provider.move(tx, payment_id, ("pending",), status, reason=reason)
        if moved and tx.execute(provider.find(payment_id)).one().save_card:
            cards.keep(tx, payment_id, choice)  # what is not paid after all is asked for by nobody
    return _session(tx, payment_id)


def _confirm(tx: Connection, payment_id: str, code: str) -> CheckoutSession:
    if code.strip() == CODE:
        provider.move(tx, payment_id, ("challenged",), "authorized")
        return _session(tx, payment_id)
    here = (SandboxCharge.payment_id == payment_id) & (SandboxCharge.status == "challenged")
    tx.execute(update(SandboxCharge).where(here).values(wrong_codes=SandboxCharge.wrong_codes + 1))
    if tx.execute(select(SandboxCharge.wrong_codes).where(here)).scalar() == WRONG_CODES:
        provider.move(tx, payment_id, ("challenged",), "declined", reason="challenge_failed")
    return _session(tx, payment_id)


def _session(tx: Connection, payment_id: str) -> CheckoutSession:
    row: Any = tx.execute(provider.find(payment_id)).first()
    if row is None or row.return_url is None:
        raise UnknownPayment()
    return CheckoutSession(row.payment_id, row.amount, row.currency, row.status, row.return_url,
                           wrong_code=row.wrong_codes > 0)
