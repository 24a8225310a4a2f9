"""Stripe's messages: signed, and about a payment by our name for it or by its own."""

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
NAMED = ("charge", "dispute", "refund")   # what Stripe may speak of without our names on it


def read(secrets: Iterable[str], body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
    """What a message signed with one of `secrets` says; raises WebhookRefused for any other."""
    header = headers.get("stripe-signature", "")
    times = TIME.findall(header)
    # The library looks at what is too old; what comes from the future is for us.
    if len(times) != 1 or not is_timely(int(times[0]), now.timestamp()) or not _is_signed(secrets, body, header):
        raise WebhookRefused()
    try:
        told = json.loads(body)
        about = told["data"]["object"]
        payment_id = str((about.get("metadata") or {}).get("payment_id") or "")
        known = ID.match(payment_id) is not None
        return WebhookEvent(str(told["id"]), str(told["type"]), payment_id if known else None,
                            None if known else _reference(about))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise WebhookRefused() from None


def _is_signed(secrets: Iterable[str], body: bytes, header: str) -> bool:
    for secret in secrets:
        try:
            return bool(stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE_SECONDS))
        except (stripe.SignatureVerificationError, UnicodeError):
            continue
    return False


def _reference(about: dict[str, Any]) -> str | None:
    """Stripe's own name for the payment that a message is about, if it may be one of ours."""
    if about.get("object") not in NAMED:
        return None
    name = str(about.get("payment_intent") or about.get("charge") or about.get("id") or "")
    return name if REFERENCE.match(name) else None
