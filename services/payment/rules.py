"""What may be charged and refunded, and how an order's money stands."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from schemas.errors import RoomSilent
from schemas.payment import (
    AmountMismatch,
    PaymentClosed,
    PaymentDeclined,
    PaymentInReview,
    ReturnUrlRefused,
)

Standing = Literal["unknown", "pending", "authorized", "captured", "declined", "cancelled", "review"]

UNSETTLED = ("submitted", "pending")   # an attempt that may still become anything
GIVEN_UP = ("failed", "cancelled")
# What a provider's word makes of an attempt; "pending" and "authorized" are no ends.
ENDS = {"captured": "captured", "declined": "failed", "cancelled": "cancelled", "review": "review"}
# What became of a refund is settled: the provider has given it back, or somebody has, in another way, or nobody can.
GIVEN_BACK = ("done", "settled", "written_off")
PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*\Z")
ADDRESS = re.compile(r"https?://[!-\[\]-~]+\Z")
THIS_MACHINE = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?\Z")


@dataclass(frozen=True)
class Charge:
    """Money to ask of a provider. `payment_id` is its idempotency key: the same one is never charged twice.

    With a `return_url` the buyer pays at a page of the provider's, until `expires_at`, and comes back there.
    """

    payment_id: str
    order_id: str
    amount: int  # minor units
    currency: str
    method: str
    return_url: str | None = field(default=None, kw_only=True)
    expires_at: dt.datetime | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Attempt(Charge):
    """One attempt to pay: submitted -> pending -> captured | failed | cancelled | review.

    Submitted means that nobody knows yet, pending that the buyer is at the provider's page.
    """

    number: int
    provider: str
    status: str
    reference: str | None = field(default=None, kw_only=True)      # the provider's own name for it
    redirect_url: str | None = field(default=None, kw_only=True)
    created_at: dt.datetime | None = field(default=None, kw_only=True)
    reason: str | None = field(default=None, kw_only=True)         # why it failed, or has to be reviewed

    @property
    def hosted(self) -> bool:
        return self.return_url is not None


@dataclass(frozen=True)
class Record:
    """A payment as its provider has it on record."""

    standing: Standing
    payment_id: str | None = None   # ours, and our order's, as they came back
    order_id: str | None = None
    amount: int | None = None       # what would be taken, or was
    currency: str | None = None
    live: bool | None = None        # real money
    reference: str | None = None
    redirect_url: str | None = None
    reason: str | None = None       # why it was declined
    refunded: int = 0               # what of it went back, whoever sent it
    disputed: bool = False          # now or once


@dataclass(frozen=True)
class Books:
    """One order's money: its account (open, closed, captured; none at all), and the latest attempt to pay."""

    order_id: str
    status: str
    amount: int | None = None
    currency: str | None = None
    refunded: int = 0
    attempt: Attempt | None = None
    captured_by: str | None = None   # the payment that did; with late money, not always the latest

    @property
    def pending(self) -> Attempt | None:
        """The attempt whose end is not known yet."""
        return self.attempt if self.attempt and self.attempt.status in UNSETTLED else None

    @property
    def in_review(self) -> bool:
        return bool(self.attempt and self.attempt.status == "review")

    @property
    def captured(self) -> int:
        return self.amount or 0 if self.status == "captured" else 0


@dataclass(frozen=True)
class Begun:
    """An order's books once somebody wanted to pay, and whether that made a new attempt."""

    books: Books
    is_new: bool


def needs_attempt(books: Books, amount: int, currency: str) -> bool:
    """Whether a charge starts a new attempt: not when the order is paid, nor before the last one has ended.

    Raises AmountMismatch, PaymentInReview, and PaymentClosed once nothing can be taken any more.
    """
    if books.amount is not None and (books.amount, books.currency) != (amount, currency):
        raise AmountMismatch(amount=books.amount, currency=books.currency)
    if books.status == "captured" or books.pending:
        return False
    if books.in_review:
        raise PaymentInReview()
    if books.status == "closed":
        raise PaymentClosed()
    return True


def may_try_again(books: Books) -> bool:
    """Whether the last attempt has ended without money, and another may begin."""
    return books.status == "open" and books.attempt is not None and books.attempt.status in ("failed", "cancelled")


def may_capture(books: Books, attempt: Attempt) -> bool:
    """Whether what is authorized for this attempt may be taken."""
    return books.status == "open" and is_pending(books, attempt)


def is_pending(books: Books, attempt: Attempt) -> bool:
    """Whether it is this attempt whose end is not known yet."""
    return books.pending is not None and books.pending.payment_id == attempt.payment_id


def mismatch(attempt: Attempt, record: Record, live: bool) -> str | None:
    """What is wrong with the money at the provider, if it is not the money we asked for."""
    if record.standing not in ("pending", "authorized", "captured"):
        return None
    if (record.payment_id, record.order_id) != (attempt.payment_id, attempt.order_id):
        return "foreign_reference"
    if attempt.reference and record.reference != attempt.reference:
        return "foreign_reference"
    return wrong_money(attempt, record, live)


def wrong_money(attempt: Attempt, record: Record, live: bool) -> str | None:
    """The same, whatever it is called there."""
    if record.live is not live:
        return "wrong_mode"
    if record.currency != attempt.currency:
        return "wrong_currency"
    return "wrong_amount" if record.amount != attempt.amount else None


def check_return_url(url: str, origins: Iterable[str], local: bool) -> None:
    """Raise ReturnUrlRefused unless a buyer may be sent there: a path here, or an address at one of these origins.

    `local`: or on this very machine, where a programmer's own pages may be.
    """
    if PATH.match(url):
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ReturnUrlRefused() from None
    origin = f"{parts.scheme}://{parts.netloc}"
    known = origin in origins or local and THIS_MACHINE.match(origin)
    if not known or not ADDRESS.match(url):
        raise ReturnUrlRefused()


def check_charged(books: Books) -> None:
    """Raise PaymentClosed, PaymentInReview, PaymentDeclined, or RoomSilent (nobody knows), unless it ended well."""
    if books.status == "captured":
        return
    if books.pending:
        raise RoomSilent(room=books.pending.provider)
    if books.in_review:
        raise PaymentInReview()
    if books.status == "closed":
        raise PaymentClosed()
    raise PaymentDeclined()


def refundable(books: Books, amount: int, currency: str) -> str:
    """The id of the payment to give `amount` back from. Raises AmountMismatch unless that much of it is left."""
    left = books.captured - books.refunded
    if not books.captured_by or books.currency != currency or amount > left:
        raise AmountMismatch(left=left, currency=books.currency)
    return books.captured_by


def check_same_refund(known: Any, amount: int, request: dict[str, Any]) -> None:
    """Raise AmountMismatch if this refund_id was used for another refund; `amount` was asked for with it."""
    if (known.order_id, amount, known.currency) != (request["order_id"], request["amount"], request["currency"]):
        raise AmountMismatch(refund_id=known.refund_id)


def refund_key(refund: Any) -> str:
    """Under which id a provider knows the row of a refund; after a failure another attempt has another."""
    return str(refund.refund_id) if refund.attempt == 1 else f"{refund.refund_id}-{refund.attempt}"


def stray_refund(payment_id: str) -> str:
    """The refund of money that no order wants."""
    return f"dup:{payment_id}"


def statement(books: Books) -> dict[str, Any]:
    """How the order's money stands, for whoever asks."""
    attempt = books.attempt
    unsettled = attempt is not None and attempt.status in (*UNSETTLED, "review") and not books.captured_by
    status = attempt.status if attempt and (books.status == "open" or unsettled) else books.status
    return {
        "order_id": books.order_id, "payment_id": books.captured_by or (attempt.payment_id if attempt else None),
        "status": status, "reason": attempt.reason if attempt and status == "failed" else None,
        "captured": books.captured, "refunded": books.refunded, "currency": books.currency,
    }
