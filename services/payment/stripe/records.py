"""Stripe's sessions, PaymentIntents, refunds and disputes as the records of a provider."""

from typing import Any, get_args

from services.payment.payment_state import CardRecord, PaymentRecord, ProviderStatus
from services.payment.providers import RefundRecord, RefundStatus, ReversalRecord
from services.payment.stripe.amounts import from_stripe

INTENTS: dict[str, ProviderStatus] = {"requires_capture": "authorized", "succeeded": "captured",
                                      "canceled": "cancelled"}
# What a kept card has refused stays so: nobody is asked for another card there.
CARD_INTENTS: dict[str, ProviderStatus] = {**INTENTS, "requires_payment_method": "declined"}
# Stripe's reasons that help a buyer.
REASONS_FOR_BUYERS = ("amount_too_small", "amount_too_large", "insufficient_funds", "expired_card")
SESSIONS: dict[str, ProviderStatus] = {"open": "pending", "complete": "pending", "expired": "cancelled"}
REFUNDS: dict[str, RefundStatus] = {"succeeded": "done", "failed": "failed", "canceled": "failed"}
INQUIRIES = ("warning_needs_response", "warning_under_review")   # may become disputes, and can be refunded till then
LIFTED = ("won", "warning_closed", "prevented", *INQUIRIES)      # such disputes have no money of ours


def our_ids(resource: Any) -> dict[str, str]:
    """The ids of ours in the metadata of an object of Stripe's."""
    return dict(resource.metadata.to_dict()) if resource.metadata else {}


def payment_record(session: Any) -> PaymentRecord:
    """The payment of a Checkout Session that has its PaymentIntent expanded."""
    intent, ours = session.payment_intent, our_ids(session)
    if intent and our_ids(intent) != ours:
        ours = {}  # one of them was not made by us
    status = SESSIONS.get(str(session.status), "pending")
    if intent and status != "cancelled" or intent and intent.status in ("requires_capture", "succeeded"):
        status = INTENTS.get(str(intent.status), status)
    assert status in get_args(ProviderStatus)
    amount = session.amount_total
    if intent:
        amount = intent.amount_received if status == "captured" else intent.amount
    currency = str((intent or session).currency).upper()
    return PaymentRecord(status, ours.get("payment_id"), ours.get("order_id"), _amount(amount, currency), currency,
                         bool(session.livemode), session.id, session.url)


def card_payment_record(intent: Any) -> PaymentRecord:
    """The payment of a kept card; its redirect_url is where the card's bank wants a further step of the buyer."""
    ours, currency = our_ids(intent), str(intent.currency).upper()
    status = CARD_INTENTS.get(str(intent.status), "pending")
    step = intent.next_action and intent.next_action.redirect_to_url
    problem = intent.last_payment_error
    return PaymentRecord(
        status, ours.get("payment_id"), ours.get("order_id"),
        _amount(intent.amount_received if status == "captured" else intent.amount, currency), currency,
        bool(intent.livemode), intent.id, step.url if step else None,
        decline_reason(problem) if problem and status == "declined" else None)


def decline_reason(problem: Any) -> str:
    """Why a card pays nothing, by Stripe's error about it, in a word that the pages know."""
    told = {getattr(problem, "code", None), getattr(problem, "decline_code", None)}
    return next((reason for reason in REASONS_FOR_BUYERS if reason in told), "declined")


def card_record(method: Any) -> CardRecord:
    """A PaymentMethod that belongs to a Customer."""
    card = method.card
    return CardRecord(f"{method.customer}:{method.id}", card.brand, card.last4, card.exp_month, card.exp_year,
                      card.fingerprint)


def _amount(theirs: int, currency: str) -> int | None:
    """In minor units of ISO 4217; None: this system could not have asked for such an amount."""
    try:
        return from_stripe(int(theirs), currency)
    except ValueError:
        return None


def _amount_of(resource: Any) -> int:
    """Of a refund or dispute, in minor units of ISO 4217 if it has an amount there."""
    found = _amount(resource.amount, str(resource.currency).upper())
    return int(resource.amount) if found is None else found


def refund_status(refund: Any) -> RefundStatus:
    """The status of a refund of Stripe's; an unknown one counts as pending."""
    return REFUNDS.get(str(refund.status), "pending")


def is_ours(refund: Any) -> bool:
    """Whether this system made the refund; otherwise a person made it at the dashboard."""
    return bool(our_ids(refund).get("refund_id"))


def refund_record(refund: Any) -> RefundRecord:
    """A refund of Stripe's that has our ids."""
    ours = our_ids(refund)
    return RefundRecord(ours.get("refund_id"), ours.get("payment_id"), _amount_of(refund), refund_status(refund))


def reversal_record(resource: Any, payment_id: str) -> ReversalRecord:
    """A dispute, or a refund that this system did not make."""
    if resource.object == "dispute":
        return ReversalRecord(resource.id, payment_id, "dispute", _amount_of(resource), resource.status in LIFTED)
    return ReversalRecord(resource.id, payment_id, "refund", _amount_of(resource), refund_status(resource) == "failed")
