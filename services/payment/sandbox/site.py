"""The sandbox as the outside world sees it: its payment page, and the webhooks that it delivers."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from schemas.payment import UnknownPayment
from services.foundation.database import Transactions
from services.foundation.purging import Purge
from services.foundation.tracing import spans
from services.payment.return_urls import abandoned
from services.payment.sandbox import checkout, page, provider, webhooks
from services.payment.settings import PaymentSettings


@dataclass(frozen=True)
class SandboxSite:
    """Shows pages only if the sandbox is the configured provider; otherwise every payment is unknown."""

    database: Transactions
    settings: PaymentSettings

    def show_page(self, payment_id: str, language: str, theme: str) -> dict[str, Any]:
        """The page of a payment as a PaymentPage; once it has ended, where to return to. Raises UnknownPayment."""
        self._check_configured()
        with self._trace(payment_id):
            return _served(self.database.run_repeatable(lambda tx: checkout.open_page(tx, payment_id)), language, theme)

    def answer_page(self, payment_id: str, language: str, theme: str, choice: str, code: str) -> dict[str, Any]:
        """The same after the buyer's choice; the choice `abandon` leaves the page. Raises UnknownPayment."""
        self._check_configured()
        with self._trace(payment_id):
            session = self.database.run_repeatable(lambda tx: checkout.choose(tx, payment_id, choice, code))
        return _served(session, language, theme, leaves=choice == "abandon")

    def deliver_webhooks(self) -> None:
        """Deliver the due webhooks to `payment.sandbox_webhook_url`."""
        webhooks.deliver(self.database, self.settings.sandbox_webhook_url)

    def purges(self) -> list[Purge]:
        """What deletes the webhooks that were stored long ago."""
        return [webhooks.delete_old]

    def _trace(self, payment_id: str) -> AbstractContextManager[object]:
        """The buyer's browser names no trace; what happens at the page belongs to the payment's."""
        charge = self.database.read(lambda tx: tx.execute(provider.find(payment_id)).first())
        return spans.following(charge.traceparent if charge else None, "sandbox page")

    def _check_configured(self) -> None:
        if self.settings.provider != "sandbox":
            raise UnknownPayment()


def _served(session: checkout.CheckoutSession, language: str, theme: str, leaves: bool = False) -> dict[str, Any]:
    if leaves or session.is_over:
        location = session.return_url if session.is_over else abandoned(session.return_url)
        return {"html": None, "location": location, "return_origin": None}
    return {"html": page.render(session, language, theme), "location": None,
            "return_origin": page.return_origin(session)}
