"""Webhooks: each is verified and stored when it arrives, and its payment is synced with the provider later."""

import binascii
import datetime as dt
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from prometheus_client import Counter

from schemas.payment import WebhookRefused
from services.foundation.database import utc_now
from services.foundation.purging import Purge
from services.foundation.tracing import spans
from services.payment.job_pool import Job, guarded
from services.payment.payment_processor import PaymentProcessor
from services.payment.webhooks import store

REFUSED = Counter("marquee_webhooks_refused_total", "Webhooks that can't be read or have no genuine signature.",
                  ["provider"])
# No provider sends a webhook again after so long, and no signature is valid for longer than minutes.
KEPT = dt.timedelta(days=30)


@dataclass(frozen=True)
class WebhookProcessor:
    """Receives webhooks and finds those that are due."""

    payments: PaymentProcessor

    def receive(self, provider: str, body: str, headers: Mapping[str, str]) -> None:
        """Verify and store a webhook. `body` is in base64. Raises WebhookRefused or UnknownProvider."""
        verifier = self.payments.providers.find(provider)
        try:
            event = verifier.verify_webhook(_decode(body), headers, utc_now())
        except WebhookRefused:
            REFUSED.labels(provider).inc()
            raise
        self.payments.database.run_repeatable(lambda tx: store.add(tx, provider, event, utc_now()))

    def due_jobs(self) -> list[Job]:
        """Jobs for some webhooks that are due; all webhooks about one payment are one job."""
        found = self.payments.database.run(lambda tx: store.lease_due(tx, utc_now()))
        return [guarded(partial(self._process, *subject, list(rows)), payment_id=subject[1], reference=subject[2])
                for subject, rows in groupby(sorted(found, key=_subject), key=_subject)]

    def purges(self) -> list[Purge]:
        """What deletes the webhooks that were processed long ago."""
        return [partial(store.delete_processed, before=utc_now() - KEPT)]

    def _process(self, provider: str, payment_id: str, reference: str, rows: list[Any]) -> None:
        with spans.following(rows[0].traceparent, "process webhook"):
            known = payment_id or reference and self.payments.providers.find(provider).payment_of(reference)
            if known:
                self.payments.sync_with_provider(known)
        self.payments.database.run(partial(store.mark_processed, rows=rows, now=utc_now()))


def _decode(body: str) -> bytes:
    try:
        return b64decode(body, validate=True)
    except binascii.Error:
        raise WebhookRefused() from None


def _subject(row: Any) -> tuple[str, str, str]:
    """The payment that a row of `webhook_inbox` is about: the provider, our id for it, and the provider's own."""
    return row.provider, row.payment_id or "", row.reference or ""
