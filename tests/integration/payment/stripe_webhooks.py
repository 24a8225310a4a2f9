"""Webhooks as Stripe sends them, signed by its own library."""

import json
import time
from base64 import b64encode
from typing import Any

import stripe

from services.foundation.ids import new_id


def send(room: Any, kind: str, subject: dict[str, Any], secret: str = "whsec_1") -> None:
    """The room receives a webhook of this kind about an object of Stripe's."""
    body = json.dumps({"id": f"evt_{new_id()}", "object": "event", "type": kind, "data": {"object": subject}})
    header = stripe.WebhookSignature.generate_signature_header(body, secret, int(time.time()))
    room.receive_webhook(provider="stripe", body=b64encode(body.encode()).decode(),
                         headers={"stripe-signature": header})
