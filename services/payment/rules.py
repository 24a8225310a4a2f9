"""The payment policy: what may be charged, captured and refunded, and what a provider's record means."""

from typing import Any

from schemas.errors import RoomSilent
from schemas.payment import AmountMismatch, PaymentClosed, PaymentDeclined, PaymentInReview, PaymentMethodUnknown
from schemas.wallet import InsufficientFunds
from services.payment.payment_state import (
    GIVEN_UP,
    UNSETTLED,
    Attempt,
    PaymentRecord,
    PaymentRequest,
    PaymentState,
    RefundRequest,
)

# The status of an attempt that a provider's status ends. The other provider statuses end nothing.
FINAL_STATUS = {"captured": "captured", "declined": "failed", "cancelled": "cancelled", "review": "review"}
# The provider has given the money back, or a person has in another way, or there is no provider left to do it.
REFUND_IS_OVER = ("done", "settled", "written_off")
DUPLICATE_REFUND_PREFIX = "dup:"


def check_payer(request: PaymentRequest) -> None:
    """Raise PaymentMethodUnknown for a wallet of nobody."""
    if request.method == "wallet" and request.user_id is None:
        raise PaymentMethodUnknown()


def needs_attempt(state: PaymentState, amount: int, currency: str) -> bool:
    """Whether a charge starts a new attempt: not if the order is paid, nor before the last attempt has ended.

    Raises AmountMismatch, PaymentInReview, and PaymentClosed once the order takes no more money.
    """
    if state.amount is not None and (state.amount, state.currency) != (amount, currency):
        raise AmountMismatch(amount=state.amount, currency=state.currency)
    if state.status == "captured" or state.pending:
        return False
    if state.in_review:
        raise PaymentInReview()
    if state.status == "closed":
        raise PaymentClosed()
    return True


def may_try_again(state: PaymentState) -> bool:
    """Whether the last attempt ended without money, and another may begin."""
    return state.status == "open" and state.attempt is not None and state.attempt.status in GIVEN_UP


def pays_otherwise(state: PaymentState, request: PaymentRequest) -> bool:
    """Whether the pending attempt is with another card than the request wants, or would not keep the card."""
    attempt = state.pending
    return attempt is not None and (attempt.card_token != request.card_token
                                    or request.save_card and not attempt.save_card)


def may_capture(state: PaymentState, attempt: Attempt) -> bool:
    """Whether the money authorized for this attempt may be taken."""
    return state.status == "open" and is_pending(state, attempt)


def is_pending(state: PaymentState, attempt: Attempt) -> bool:
    """Whether this attempt is the order's latest and its outcome is not known."""
    return state.pending is not None and state.pending.payment_id == attempt.payment_id


def mismatch(attempt: Attempt, record: PaymentRecord, live: bool) -> str | None:
    """Why the money at the provider is not the money of this attempt; None if it is.

    `live`: whether the provider moves real money.
    """
    if record.status not in ("pending", "authorized", "captured"):
        return None
    if (record.payment_id, record.order_id) != (attempt.payment_id, attempt.order_id):
        return "foreign_reference"
    if attempt.reference and record.reference != attempt.reference:
        return "foreign_reference"
    return money_mismatch(attempt, record, live)


def money_mismatch(attempt: Attempt, record: PaymentRecord, live: bool) -> str | None:
    """The same as `mismatch`, whatever ids the provider has on record."""
    if record.live is not live:
        return "wrong_mode"
    if record.currency != attempt.currency:
        return "wrong_currency"
    return "wrong_amount" if record.amount != attempt.amount else None


def check_charged(state: PaymentState) -> None:
    """Raise RoomSilent (not known yet) or the refusal that says why, unless the order is paid."""
    if state.status == "captured":
        return
    if state.pending:
        raise RoomSilent(room=state.pending.provider)
    if state.in_review:
        raise PaymentInReview()
    if state.status == "closed":
        raise PaymentClosed()
    if state.attempt and (state.attempt.provider, state.attempt.reason) == ("wallet", "insufficient_funds"):
        raise InsufficientFunds()
    raise PaymentDeclined()


def refundable_payment(state: PaymentState, amount: int, currency: str) -> str:
    """The id of the payment to refund `amount` from. Raises AmountMismatch if less than that is left of it."""
    left = state.captured - state.refunded
    if not state.captured_by or state.currency != currency or amount > left:
        raise AmountMismatch(left=left, currency=state.currency)
    return state.captured_by


def check_same_refund(known: Any, amount: int, request: RefundRequest) -> None:
    """Raise AmountMismatch if the row `known` belongs to another request; `amount` is what that one asked for."""
    if (known.order_id, amount, known.currency) != (request.order_id, request.amount, request.currency):
        raise AmountMismatch(refund_id=known.refund_id)


def refund_key(refund: Any) -> str:
    """The provider's idempotency key for a row of `refund`; each attempt after a failure has a key of its own."""
    return str(refund.refund_id) if refund.attempt == 1 else f"{refund.refund_id}-{refund.attempt}"


def duplicate_refund_id(payment_id: str) -> str:
    """The id of the refund that returns a payment which no order needs."""
    return DUPLICATE_REFUND_PREFIX + payment_id


def statement(state: PaymentState) -> dict[str, Any]:
    """The state of the order's money as an OrderPayment."""
    attempt = state.attempt
    unsettled = attempt is not None and attempt.status in (*UNSETTLED, "review") and not state.captured_by
    status = attempt.status if attempt and (state.status == "open" or unsettled) else state.status
    return {
        "order_id": state.order_id, "payment_id": state.captured_by or (attempt.payment_id if attempt else None),
        "status": status, "reason": attempt.reason if attempt and status == "failed" else None,
        "method": attempt.method if attempt and attempt.payment_id == state.captured_by else None,
        "captured": state.captured, "refunded": state.refunded, "currency": state.currency,
    }
