"""What Stripe's sessions, PaymentIntents, refunds and disputes say, in our words."""

from typing import Any, get_args

from services.payment.providers import RefundRecord, RefundStanding, ReversalRecord
from services.payment.rules import Record, Standing
from services.payment.stripe.amounts import from_stripe

INTENTS: dict[str, Standing] = {"requires_capture": "authorized", "succeeded": "captured", "canceled": "cancelled"}
SESSIONS: dict[str, Standing] = {"open": "pending", "complete": "pending", "expired": "cancelled"}
REFUNDS: dict[str, RefundStanding] = {"succeeded": "done", "failed": "failed", "canceled": "failed"}
INQUIRIES = ("warning_needs_response", "warning_under_review")   # may become disputes, and can be refunded till then
LIFTED = ("won", "warning_closed", "prevented", *INQUIRIES)      # such disputes have no money of ours


def told(thing: Any) -> dict[str, str]:
    """The ids we gave it."""
    return dict(thing.metadata.to_dict()) if thing.metadata else {}


def record(session: Any) -> Record:
    """A payment, of a session with its PaymentIntent and that one's charge in it."""
    intent, ours = session.payment_intent, told(session)
    if intent and told(intent) != ours:
        ours = {}  # one of them is not what we made
    standing = SESSIONS.get(str(session.status), "pending")
    if intent and standing != "cancelled" or intent and intent.status in ("requires_capture", "succeeded"):
        standing = INTENTS.get(str(intent.status), standing)
    assert standing in get_args(Standing)
    amount = session.amount_total
    if intent:
        amount = intent.amount_received if standing == "captured" else intent.amount
    charge, currency = getattr(intent, "latest_charge", None), str((intent or session).currency).upper()
    return Record(standing, ours.get("payment_id"), ours.get("order_id"), _amount(amount, currency), currency,
                  bool(session.livemode), session.id, session.url,
                  refunded=_amount(charge.amount_refunded, currency) or 0 if charge else 0,
                  disputed=bool(charge and charge.disputed))


def _amount(theirs: int, currency: str) -> int | None:
    """In our minor units; None: it is no amount that we could have asked for."""
    try:
        return from_stripe(int(theirs), currency)
    except ValueError:
        return None


def _amount_of(thing: Any) -> int:
    """Of a refund or dispute, in our minor units if that can be said."""
    found = _amount(thing.amount, str(thing.currency).upper())
    return int(thing.amount) if found is None else found


def standing(refund: Any) -> RefundStanding:
    return REFUNDS.get(str(refund.status), "pending")


def is_ours(refund: Any) -> bool:
    """Whether we have asked for it; else somebody has made it at the dashboard."""
    return bool(told(refund).get("refund_id"))


def refund_record(refund: Any) -> RefundRecord:
    ours = told(refund)
    return RefundRecord(ours.get("refund_id"), ours.get("payment_id"), _amount_of(refund), standing(refund))


def reversal(thing: Any, payment_id: str) -> ReversalRecord:
    """Of a dispute, or a refund that is not ours."""
    if thing.object == "dispute":
        return ReversalRecord(thing.id, payment_id, "dispute", _amount_of(thing), thing.status in LIFTED)
    return ReversalRecord(thing.id, payment_id, "refund", _amount_of(thing), standing(thing) == "failed")
