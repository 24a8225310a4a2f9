"""What may be charged and refunded, and how an order's money stands."""

from dataclasses import dataclass
from typing import Any

from schemas.payment import AmountMismatch, PaymentClosed, PaymentDeclined

# What a provider's word makes of an attempt. "authorized" is no end: it is tried again.
ENDS = {"captured": "captured", "declined": "failed", "cancelled": "cancelled", "unknown": "cancelled"}


@dataclass(frozen=True)
class Charge:
    """Money to ask of a provider. `payment_id` is its idempotency key: the same one is never charged twice."""

    payment_id: str
    order_id: str
    amount: int  # minor units
    currency: str
    method: str


@dataclass(frozen=True)
class Attempt(Charge):
    """One attempt to pay: submitted -> captured | failed | cancelled. Submitted means that nobody knows yet."""

    number: int
    provider: str
    status: str


@dataclass(frozen=True)
class Books:
    """One order's money: its account (open, closed, captured; none at all), and the latest attempt to pay."""

    order_id: str
    status: str
    amount: int | None = None
    currency: str | None = None
    refunded: int = 0
    attempt: Attempt | None = None

    @property
    def pending(self) -> Attempt | None:
        """The attempt whose end is not known yet."""
        return self.attempt if self.attempt and self.attempt.status == "submitted" else None

    @property
    def captured(self) -> int:
        return self.amount or 0 if self.status == "captured" else 0


def needs_attempt(books: Books, amount: int, currency: str) -> bool:
    """Whether a charge starts a new attempt: not when the order is paid, nor before the last one has ended.

    Raises AmountMismatch, and PaymentClosed once nothing can be taken any more.
    """
    if books.amount is not None and (books.amount, books.currency) != (amount, currency):
        raise AmountMismatch(amount=books.amount, currency=books.currency)
    if books.status == "captured" or books.pending:
        return False
    if books.status == "closed":
        raise PaymentClosed()
    return True


def check_charged(books: Books) -> None:
    """Raise PaymentClosed or PaymentDeclined unless the charge ended well."""
    if books.status == "closed":
        raise PaymentClosed()
    if books.status != "captured":
        raise PaymentDeclined()


def refundable(books: Books, amount: int, currency: str) -> Attempt:
    """The payment to give `amount` back from. Raises AmountMismatch unless that much of it is left."""
    left = books.captured - books.refunded
    if not books.attempt or books.status != "captured" or books.currency != currency or amount > left:
        raise AmountMismatch(left=left, currency=books.currency)
    return books.attempt


def check_same_refund(known: Any, request: dict[str, Any]) -> None:
    """Raise AmountMismatch if this refund_id was used for another refund."""
    if any(getattr(known, field) != request[field] for field in ("order_id", "amount", "currency")):
        raise AmountMismatch(refund_id=known.refund_id)


def statement(books: Books) -> dict[str, Any]:
    """How the order's money stands, for whoever asks."""
    attempt = books.attempt
    ended = attempt.status if attempt and books.status == "open" else books.status
    status = "submitted" if books.pending else ended
    return {
        "order_id": books.order_id, "payment_id": attempt.payment_id if attempt else None, "status": status,
        "captured": books.captured, "refunded": books.refunded, "currency": books.currency,
    }
