"""Stripe's webhooks: signed, and about a payment by our id for it or by Stripe's own."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import stripe

from schemas.payment import WebhookRefused
from services.payment.providers import WebhookEvent
from services.payment.webhook_signatures import TOLERANCE_SECONDS, is_timely

TIME = re.compile(r"(?:^|,)t=([0-9]{1,12})(?=,|\Z)")
ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
REFERENCE = re.compile(r"(pi|ch)_[A-Za-z0-9_]{1,250}\Z")
NAMED = ("charge", "dispute", "refund")   # objects of Stripe's that may lack our ids


def read(secrets: Iterable[str], body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
    """The event in a webhook that is signed with one of `secrets`; raises WebhookRefused for any other."""
    header = headers.get("stripe-signature", "")
    times = TIME.findall(header)
    # The library refuses signatures that are too old, but not those from the future.
    if len(times) != 1 or not is_timely(int(times[0]), now.timestamp()) or not _is_signed(secrets, body, header):
        raise WebhookRefused()
    try:
        event = json.loads(body)
        subject = event["data"]["object"]
        payment_id = str((subject.get("metadata") or {}).get("payment_id") or "")
        known = ID.match(payment_id) is not None
        return WebhookEvent(str(event["id"]), str(event["type"]), payment_id if known else None,
                            None if known else _reference(subject))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise WebhookRefused() from None


def _is_signed(secrets: Iterable[str], body: bytes, header: str) -> bool:
    for secret in secrets:
        try:
            return bool(stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE_SECONDS))
        except (stripe.SignatureVerificationError, UnicodeError):
            continue
    return False


def _reference(subject: dict[str, Any]) -> str | None:
    """Stripe's own id for the payment that a webhook is about, if the payment may be ours."""
    if subject.get("object") not in NAMED:
        return None
    name = str(subject.get("payment_intent") or subject.get("charge") or subject.get("id") or "")
    return name if REFERENCE.match(name) else None
